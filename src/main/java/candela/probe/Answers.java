package candela.probe;

import candela.device.Device;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the model said to some rows, in the order written. Valid during {@link Probe#take} only.
 *
 * <p>Scores are read when somebody asks for them: until then a card goes on by itself.
 */
public final class Answers {
  private final Supplier<float[]> all;
  private final Later later;
  private final Tensor held;
  private final int from;
  private final int to;
  private final Tensor logits;
  private final Tensor gradients;
  private final Tensor values;

  /** Hands out the scores of some rows when they are there. */
  @FunctionalInterface
  interface Later {
    void to(int from, int to, Consumer<float[]> taker);
  }

  /**
   * @param scores one a row, from row 0 of the batch
   * @param later the same, handed out after the next batch was queued
   * @param held the same, [rows] on the device
   * @param logits [rows,classes], on the device
   * @param gradients [rows,…] in the model's layout, on the device; null where none was asked for
   * @param values [rows,…] what the gradients are with respect to, likewise
   */
  Answers(
      Supplier<float[]> scores,
      Later later,
      Tensor held,
      Tensor logits,
      Tensor gradients,
      Tensor values) {
    this(scores, later, held, 0, held.count(), logits, gradients, values);
  }

  /**
   * What is known before it is asked: later is at once.
   *
   * @param held scores, [rows] on the device
   */
  static Answers known(Device device, Tensor held, Tensor logits) {
    return new Answers(() -> device.read(held), null, held, logits, null, null).atOnce();
  }

  /** The same, whose scoresLater is now: for who reads the results of other probes meanwhile. */
  public Answers atOnce() {
    Later now = (first, end, taker) -> taker.accept(Arrays.copyOfRange(all.get(), first, end));
    return new Answers(all, now, held, from, to, logits, gradients, values);
  }

  private Answers(
      Supplier<float[]> all,
      Later later,
      Tensor held,
      int from,
      int to,
      Tensor logits,
      Tensor gradients,
      Tensor values) {
    this.all = all;
    this.later = later;
    this.held = held;
    this.from = from;
    this.to = to;
    this.logits = logits;
    this.gradients = gradients;
    this.values = values;
  }

  public int rows() {
    return to - from;
  }

  /** One a row. */
  public float[] scores() {
    return Arrays.copyOfRange(all.get(), from, to);
  }

  /**
   * Hands the scores over when they are there, before the run ends: a card goes on with the next
   * batch meanwhile. For probes whose next rows do not depend on them.
   */
  public void scoresLater(Consumer<float[]> taker) {
    later.to(from, to, taker);
  }

  /** [rows]: the scores, on the device. */
  public Tensor scored() {
    return held.rows(from, to);
  }

  /** [rows,classes], on the device. */
  public Tensor logits() {
    return logits;
  }

  /** [rows,…] in the model's layout, on the device; null where none was asked for. */
  public Tensor gradients() {
    return gradients;
  }

  /** [rows,…] what the gradients are with respect to, likewise. */
  public Tensor values() {
    return values;
  }

  /** Those of the rows from (inclusive) to to (exclusive). */
  public Answers rows(int from, int to) {
    return new Answers(
        all,
        later,
        held,
        this.from + from,
        this.from + to,
        logits.rows(from, to),
        gradients == null ? null : gradients.rows(from, to),
        values == null ? null : values.rows(from, to));
  }
}
