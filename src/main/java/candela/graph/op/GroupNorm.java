package candela.graph.op;

import candela.graph.Node;
import candela.graph.Step;
import candela.tensor.Shape;

/**
 * Normalises groups of channels of every channels-last image: x[N,…,C], constant scale[C] and
 * shift[C].
 */
public record GroupNorm(int groups, float epsilon) implements Normalisation {
  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .norm()
        .groupNormForward(
            x.dim(0),
            x.count(1, x.rank() - 1),
            x.dim(-1),
            groups,
            epsilon,
            s.x().data(),
            Normalisation.parameter(s, 1),
            Normalisation.parameter(s, 2),
            s.y().data(),
            s.kept(8L * groups));
  }

  @Override
  public void backward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .norm()
        .groupNormBackward(
            s.accumulate(0),
            x.dim(0),
            x.count(1, x.rank() - 1),
            x.dim(-1),
            groups,
            s.x().data(),
            Normalisation.parameter(s, 1),
            s.kept(),
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public long keptBytes(Node node) {
    Shape x = node.output().shape();
    return 8L * x.dim(0) * groups;
  }
}
