package candela.graph;

import java.util.List;

/**
 * What a session is opened for.
 *
 * @param gradientAt names of model values at which value and gradient can be read after backward,
 *     "" for the first input, {@link #LAST_FEATURES}, {@link #LAST_FEATURES_OF_ALL}, {@link
 *     #ATTENTION} or {@link #FULL_GRADIENT}; empty for a forward-only session, which keeps nothing
 *     for backward
 * @param output name of the model output that holds the class scores, null for the first
 * @param rules what backward will be asked to run; empty for the plain gradient alone. With rules
 *     the graph keeps activations and sums as nodes of their own, and the session what the rules
 *     read
 * @param from name of the model value that rows are, and only what comes after it is run, see
 *     {@link Tail}; "" for the input, {@link #LAST_FEATURES}, {@link #LAST_FEATURES_OF_ALL}
 */
public record SessionOptions(
    List<String> gradientAt, String output, List<Rules> rules, String from) {
  /**
   * A name that stands for the last feature map: what the last attention projects to its values,
   * where that comes behind the last convolution; else the last convolution that has more than one
   * pixel, with what is added, concatenated and applied after it at the same size.
   */
  public static final String LAST_FEATURES = "(last features)";

  /**
   * The same where all of the scores comes through it, else what is last before it that they all
   * come through.
   */
  public static final String LAST_FEATURES_OF_ALL = "(last features of all scores)";

  /** A name that stands for several values: the weights of all attention, softmax(q kᵀ). */
  public static final String ATTENTION = "(attention)";

  /**
   * A name that stands for several values: the first input, then what each layer gives that has one
   * of {@link Network#biases}.
   */
  public static final String FULL_GRADIENT = "(biased layers)";

  public static final SessionOptions FORWARD = new SessionOptions(List.of(), null);

  /** The gradient at the input. */
  public static final SessionOptions GRADIENT = new SessionOptions(List.of(""), null);

  public SessionOptions {
    gradientAt = List.copyOf(gradientAt);
    rules = List.copyOf(rules);
  }

  public SessionOptions(List<String> gradientAt, String output) {
    this(gradientAt, output, List.of());
  }

  public SessionOptions(List<String> gradientAt, String output, List<Rules> rules) {
    this(gradientAt, output, rules, "");
  }

  /** Whether a name may stand for several values. */
  static boolean isOfSeveral(String name) {
    return name.equals(ATTENTION) || name.equals(FULL_GRADIENT);
  }

  /** A name as messages have it. */
  static String words(String name) {
    String own = name.startsWith("(") ? "its " + name.substring(1).replace(")", "") : null;
    return name.isEmpty() ? "the input" : own != null ? own : "'" + name + "'";
  }

  /** The name of a layer that a user gives: the last feature map where that is empty. */
  public static String layer(String name) {
    return name.isEmpty() ? LAST_FEATURES : name;
  }

  /** The same, for methods that ask what comes after the layer alone. */
  public static String layerOfAll(String name) {
    return name.isEmpty() ? LAST_FEATURES_OF_ALL : name;
  }

  /** What flows back under any of these rules, at one value. */
  public static SessionOptions withRules(String at, List<Rules> rules) {
    return new SessionOptions(List.of(at), null, rules);
  }

  public static SessionOptions withGradientAt(String... names) {
    return new SessionOptions(List.of(names), null);
  }
}
