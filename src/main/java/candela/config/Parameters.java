package candela.config;

import candela.tensor.CandelaException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The hyper-parameters of a record: read from a {@link Spec}, and as provenance keeps them. */
public final class Parameters {
  private Parameters() {}

  /** Values by name, in the order of the record; constants of enums in lower case. */
  public static Map<String, Object> of(Record record) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (var c : record.getClass().getRecordComponents()) {
      try {
        Object v = c.getAccessor().invoke(record);
        values.put(c.getName(), v instanceof Enum<?> e ? e.name().toLowerCase(Locale.ROOT) : v);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return values;
  }

  /** Those that can be written as text: key=value, key=value. */
  public static String text(Record record) {
    return of(record).entrySet().stream()
        .filter(e -> !(e.getValue() instanceof List<?>))
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(", "));
  }

  /**
   * Names that tell settings apart: of one that is there with other values too,
   * NAME:key=value,key=value of those in which they differ.
   *
   * @param values of each, by parameter
   */
  public static List<String> names(List<String> names, List<Map<String, Object>> values) {
    return IntStream.range(0, names.size()).mapToObj(i -> name(i, names, values)).toList();
  }

  private static String name(int i, List<String> names, List<Map<String, Object>> values) {
    String differing =
        values.get(i).entrySet().stream()
            .filter(
                p ->
                    IntStream.range(0, names.size())
                        .filter(j -> names.get(j).equals(names.get(i)))
                        .anyMatch(j -> !p.getValue().equals(values.get(j).get(p.getKey()))))
            .map(Map.Entry::toString)
            .collect(Collectors.joining(","));
    return differing.isEmpty() ? names.get(i) : names.get(i) + ":" + differing;
  }

  /** How the value of a parameter is read. */
  public interface Reader {
    /**
     * @param otherwise its value where none is given
     */
    Object value(Spec spec, String key, Object otherwise);
  }

  /**
   * The record whose components are what the spec says, else as they are in defaults.
   *
   * @throws CandelaException where the record refuses them
   */
  public static Record read(Spec spec, Record defaults, Reader reader) {
    RecordComponent[] components = defaults.getClass().getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    Object[] values = new Object[components.length];
    try {
      for (int i = 0; i < components.length; i++) {
        types[i] = components[i].getType();
        Object otherwise = components[i].getAccessor().invoke(defaults);
        values[i] = reader.value(spec, components[i].getName(), otherwise);
      }
      return defaults.getClass().getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof CandelaException c) {
        throw c;
      }
      throw new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Numbers, words and constants of enums; others stay as they are. */
  public static Object value(Spec spec, String key, Object otherwise) {
    return switch (otherwise) {
      case Integer v -> spec.integer(key, v);
      case Long v -> spec.whole(key, v);
      case Double v -> spec.number(key, v);
      case Boolean v -> spec.bool(key, v);
      case String v -> spec.text(key, v);
      case Enum<?> v -> constant(spec, key, v);
      default -> otherwise;
    };
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Enum<?> constant(Spec spec, String key, Enum<?> otherwise) {
    return choice(spec, key, (Enum) otherwise);
  }

  /** A constant of the enum, in lower case. */
  public static <E extends Enum<E>> E choice(Spec spec, String key, E otherwise) {
    Map<String, E> words = new LinkedHashMap<>();
    for (E e : otherwise.getDeclaringClass().getEnumConstants()) {
      words.put(e.name().toLowerCase(Locale.ROOT), e);
    }
    String word = otherwise.name().toLowerCase(Locale.ROOT);
    return words.get(spec.choice(key, word, List.copyOf(words.keySet())));
  }
}
