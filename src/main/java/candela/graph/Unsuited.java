package candela.graph;

import candela.tensor.CandelaException;
import java.util.Locale;

/**
 * What is asked has no meaning for this model, though it may have for others: a method looks for
 * attention, a layer, an order of values or colours that are not there. Runs of several methods go
 * on without that one; mistakes in parameters are other exceptions, and stop them.
 */
public final class Unsuited extends CandelaException {
  private static final long serialVersionUID = 1L;

  public Unsuited(String message, Throwable cause) {
    super(message, cause);
  }

  /** Formats as {@link String#format}, in the root locale. */
  public static Unsuited of(String format, Object... arguments) {
    return new Unsuited(String.format(Locale.ROOT, format, arguments), null);
  }
}
