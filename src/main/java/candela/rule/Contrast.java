package candela.rule;

import candela.device.Binary;
import candela.device.Kernels;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Step;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/**
 * What speaks for a class minus what speaks against it: the top layer of contrastive excitation
 * backprop.
 *
 * <p><b>Definition:</b> R_i = Σ_j ((x_i w_ij)⁺ R_j / z⁺_j − (x_i w_ij)⁻ R'_j / z⁻_j): winning
 * probabilities under w, minus those under −w. Where a unit stands at several places p, its dual
 * wins where it is excited itself: R'_p = Σ_p R_p · max(−y_p, 0) / Σ_p max(−y_p, 0); at one place
 * R' = R.
 *
 * <p><b>Shapes:</b> as the operator's; places are all that is neither an image nor a channel.
 *
 * <p><b>Parameters:</b> none; biases are left out of z, not of y.
 *
 * <p><b>Cost:</b> two products and two transposes; four each where x has both signs.
 *
 * <p><b>Source:</b> Zhang et al. 2016, "Top-down neural attention by excitation backprop", section
 * 3.3.
 *
 * <p><b>Differences:</b> both passes are subtracted at the input of the classifier at once; below
 * it the rules are linear, so two passes give the same. The authors' classifiers are dense; places
 * are as when a convolution that ends in a ReLU and a global average is run again with −w, as
 * TorchRay does.
 */
public record Contrast() implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    Contributions c = new Contributions(node, step, 0, false);
    c.positive(1);
    int places = places(step.y().shape(), step.batch());
    c.negative(-1, places == 1 ? step.dy() : dual(step, c, places));
  }

  /** Of one image: a batch may have become rows with them. */
  private static int places(Shape y, int batch) {
    return y.count() / Math.max(1, batch * y.dim(-1));
  }

  /** Each channel's relevance, moved to where its dual is excited. */
  private static Tensor dual(Step s, Contributions c, int n) {
    Shape y = s.y().shape();
    int rows = s.batch();
    int channels = y.dim(-1);
    Kernels k = s.device().kernels();
    Tensor dual = c.output();
    // its first rows × channels elements hold sums
    Tensor sums = c.output();
    Tensor excited = c.output();
    k.elementwise().unaryForward(Unary.LINEAR, -1, 0, y.count(), s.y().data(), dual.data());
    k.elementwise()
        .unaryForward(Unary.CLIP, 0, Float.POSITIVE_INFINITY, y.count(), dual.data(), dual.data());
    k.reduce().reduceForward(Reduction.SUM, rows, n, channels, s.dy().data(), sums.data());
    k.reduce().reduceForward(Reduction.SUM, rows, n, channels, dual.data(), excited.data());
    k.relevance().quotient((long) rows * channels, 1, 0, sums.data(), excited.data(), sums.data());
    int[] dims = {rows, n, channels};
    k.broadcast()
        .binaryForward(
            Binary.MUL,
            3,
            dims,
            new int[] {n * channels, channels, 1},
            new int[] {channels, 0, 1},
            dual.data(),
            sums.data(),
            dual.data());
    return dual;
  }

  @Override
  public void check(Graph graph, Node node) {
    Affinely.super.check(graph, node);
    if (places(node.output().shape(), graph.input().shape().dim(0)) > 1) {
      BatchAxis.checkOutermost(graph, node);
    }
  }

  @Override
  public boolean needsY(Node node) {
    return true;
  }

  @Override
  public int inputs() {
    return Contributions.INPUTS;
  }

  @Override
  public int outputs() {
    return Contributions.OUTPUTS + 3;
  }
}
