package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Normalises groups of channels of every channels-last image: x[N,…,C], constant scale[C] and
 * shift[C].
 */
public record GroupNorm(int groups, float epsilon) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    if (x.rank() < 2) {
      throw CandelaException.of("images with channels expected, input is %s", x);
    }
    for (Value v : inputs.subList(1, inputs.size())) {
      if (v.shape().count() != x.dim(-1)) {
        throw CandelaException.of(
            "scale or shift %s does not fit %d channels", v.shape(), x.dim(-1));
      }
    }
    return List.of(x);
  }

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
            parameter(s, 1),
            parameter(s, 2),
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
            parameter(s, 1),
            s.kept(),
            s.dy().data(),
            s.dx().data());
  }

  private static MemorySegment parameter(Step s, int i) {
    return s.node().inputs().size() > i ? s.x(i).data() : MemorySegment.NULL;
  }

  @Override
  public boolean differentiable(int i) {
    return i == 0;
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return i == 0;
  }

  @Override
  public long keptBytes(Node node) {
    Shape x = node.output().shape();
    return 8L * x.dim(0) * groups;
  }
}
