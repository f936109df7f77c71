package candela.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The hyper-parameters of a record, as {@link Spec} reads them and as provenance keeps them. */
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
}
