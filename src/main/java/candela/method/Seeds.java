package candela.method;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/** The seeds of methods. */
public final class Seeds {
  private static final String SEED = "seed";

  private Seeds() {}

  /**
   * The same method with other random numbers: so much is added to its seed, and to that of a
   * method within it. One that draws nothing is given back as it is.
   */
  public static Method plus(Method method, long more) {
    RecordComponent[] components = method.getClass().getRecordComponents();
    if (components == null) {
      return method;
    }
    Object[] values = new Object[components.length];
    boolean drawn = false;
    try {
      for (int i = 0; i < values.length; i++) {
        Object v = components[i].getAccessor().invoke(method);
        values[i] = plus(components[i].getName(), v, more);
        drawn |= values[i] != v;
      }
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      return drawn
          ? (Method) method.getClass().getDeclaredConstructor(types).newInstance(values)
          : method;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object plus(String name, Object value, long more) {
    return switch (value) {
      case Method inner -> plus(inner, more);
      case Long seed when name.equals(SEED) -> seed + more;
      default -> value;
    };
  }
}
