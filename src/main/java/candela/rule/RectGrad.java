package candela.rule;

import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/**
 * A rectifier lets through the gradients of the units that are worth most.
 *
 * <p><b>Definition:</b> R_i = R_j where y_j R_j > τ, else 0; τ is a percentile of y R over the
 * units of the layer, image by image.
 *
 * <p><b>Shapes:</b> as the rectifier's.
 *
 * <p><b>Parameters:</b> percent (0 to 100).
 *
 * <p><b>Cost:</b> some 40 passes; y is kept.
 *
 * <p><b>Source:</b> Kim et al. 2019, "Why are saliency maps noisy? Cause of and solution to noisy
 * saliency maps", section 4; percentile 98 as Sixt et al. 2020.
 *
 * <p><b>Differences:</b> the percentile is taken over one image's units, linear between the two
 * nearest, not over the batch's.
 */
public record RectGrad(float percent) implements Rule {
  public RectGrad {
    if (!(percent >= 0 && percent <= 100)) {
      throw CandelaException.of("rectgrad: percent 0 to 100 expected, got %s", percent);
    }
  }

  @Override
  public void backward(Node node, Step step) {
    Room room = new Room(step);
    Tensor worth = room.take(step.dy().shape());
    Tensor threshold = room.take(Shape.of(step.batch()));
    long n = worth.count() / Math.max(1, step.batch());
    var kernels = step.device().kernels();
    kernels
        .relevance()
        .product(false, worth.count(), 1, step.y().data(), step.dy().data(), worth.data());
    kernels.rectify().percentile(step.batch(), n, percent, worth.data(), threshold.data());
    for (int i = 0; i < node.inputs().size(); i++) {
      if (step.dx(i) != null) {
        kernels
            .rectify()
            .passAbove(
                step.accumulate(i),
                step.batch(),
                n,
                threshold.data(),
                worth.data(),
                step.dy().data(),
                step.dx(i).data());
      }
    }
  }

  @Override
  public void check(Graph graph, Node node) {
    BatchAxis.checkOutermost(graph, node);
  }

  @Override
  public boolean needsX(Node node, int i) {
    return false;
  }

  @Override
  public boolean needsY(Node node) {
    return true;
  }

  @Override
  public long workBytes(Graph graph, Node node) {
    int rows = graph.input().shape().dim(0);
    return Room.bytes(node.output().shape(), Shape.of(rows));
  }

  @Override
  public boolean inPlace() {
    return true;
  }
}
