package candela.probe;

import candela.tensor.Tensor;

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
}
