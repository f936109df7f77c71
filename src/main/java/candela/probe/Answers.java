package candela.probe;

import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * What the model said to some rows, in the order written. Valid during {@link Probe#take} only.
 *
 * <p>Scores are read when somebody asks for them: until then a card goes on by itself.
 */
public final class Answers {
  private final Supplier<float[]> all;
  private final int from;
  private final int to;
  private final Tensor logits;
  private final Tensor gradients;
  private final Tensor values;

  /**
   * @param scores one a row, from row 0 of the batch
   * @param logits [rows,classes], on the device
   * @param gradients [rows,…] in the model's layout, on the device; null where none was asked for
   * @param values [rows,…] what the gradients are with respect to, likewise
   */
  public Answers(
      int rows, Supplier<float[]> scores, Tensor logits, Tensor gradients, Tensor values) {
    this(scores, 0, rows, logits, gradients, values);
  }

  private Answers(
      Supplier<float[]> all, int from, int to, Tensor logits, Tensor gradients, Tensor values) {
    this.all = all;
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
        this.from + from,
        this.from + to,
        logits.rows(from, to),
        gradients == null ? null : gradients.rows(from, to),
        values == null ? null : values.rows(from, to));
  }
}
