package candela.bench;

/**
 * One way to run a classifier on the batch it was opened with. Weights and images are in place
 * before the first call, so that a call is only the work. Not thread-safe.
 */
interface Engine extends AutoCloseable {
  /** What the tables call it. */
  String name();

  /** Whether {@link #gradient} is offered. */
  boolean differentiates();

  void forward();

  /** What the last forward gave, [batch,classes]. */
  float[] output();

  /** Forward, then the gradient of every row's score at the images. */
  void gradient();

  /** What the last gradient gave, [batch,3,h,w]. */
  float[] inputGradient();

  /** What the engine itself says about its memory; empty where it says nothing. */
  default String memory() {
    return "";
  }

  @Override
  void close();
}
