package candela.probe;

import candela.tensor.Tensor;
import java.util.Arrays;

/**
 * What the model said to some rows, in the order written. Valid during {@link Probe#take} only.
 *
 * @param scores one a row
 * @param logits [rows,classes], on the device
 * @param gradients [rows,…] in the model's layout, on the device; null where none was asked for
 * @param values [rows,…] what the gradients are with respect to, likewise
 */
public record Answers(float[] scores, Tensor logits, Tensor gradients, Tensor values) {
  public int rows() {
    return scores.length;
  }

  /** Those of the rows from (inclusive) to to (exclusive). */
  public Answers rows(int from, int to) {
    return new Answers(
        Arrays.copyOfRange(scores, from, to),
        logits.rows(from, to),
        gradients == null ? null : gradients.rows(from, to),
        values == null ? null : values.rows(from, to));
  }
}
