package candela.tensor;

import java.util.Locale;
import java.util.function.Supplier;

/**
 * A fault the user can mend: a bad file, a bad parameter, a missing part of the machine.
 *
 * <p>The message is one sentence: where, what was expected, what came, what to do. It is all that
 * the command line prints.
 */
public class CandelaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CandelaException(String message) {
    super(message);
  }

  public CandelaException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What work gives; of what it refuses, the message begins with where that is. */
  public static <T> T at(String where, Supplier<T> work) {
    try {
      return work.get();
    } catch (CandelaException e) {
      throw new CandelaException(where + ": " + e.getMessage(), e);
    }
  }

  /** What a user can do about it. */
  public static CandelaException of(OutOfMemoryError e) {
    return new CandelaException(
        String.format(
            Locale.ROOT,
            "Java has too little memory, %d MiB; use a smaller model, image, --batch or count of"
                + " samples, or give it more: JDK_JAVA_OPTIONS=-Xmx8g",
            Runtime.getRuntime().maxMemory() >> 20),
        e);
  }

  /** Formats as {@link String#format}, in the root locale. */
  public static CandelaException of(String format, Object... arguments) {
    return new CandelaException(String.format(Locale.ROOT, format, arguments));
  }
}
