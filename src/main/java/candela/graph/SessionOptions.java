package candela.graph;

import java.util.List;

/**
 * What a session is opened for.
 *
 * @param gradientAt names of model values at which the gradient can be read after backward, "" for
 *     the first input; empty for a forward-only session, which keeps nothing for backward
 * @param output name of the model output that holds the class scores, null for the first
 */
public record SessionOptions(List<String> gradientAt, String output) {
  public static final SessionOptions FORWARD = new SessionOptions(List.of(), null);

  /** The gradient at the input. */
  public static final SessionOptions GRADIENT = new SessionOptions(List.of(""), null);

  public SessionOptions {
    gradientAt = List.copyOf(gradientAt);
  }

  public static SessionOptions withGradientAt(String... names) {
    return new SessionOptions(List.of(names), null);
  }
}
