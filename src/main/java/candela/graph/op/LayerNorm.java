package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/** Normalises over all axes from axis on: x, constant scale, constant shift if any. */
public record LayerNorm(int axis, float epsilon) implements Normalisation {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    for (Value v : inputs.subList(1, inputs.size())) {
      if (v.shape().count() != x.count(axis, x.rank())) {
        throw CandelaException.of(
            "scale or shift %s does not fit %s from axis %d on", v.shape(), x, axis);
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
        .layerNormForward(
            x.count(0, axis),
            x.count(axis, x.rank()),
            epsilon,
            s.x().data(),
            Normalisation.parameter(s, 1),
            Normalisation.parameter(s, 2),
            s.y().data(),
            s.kept(8L * x.count(1, axis)));
  }

  @Override
  public void backward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .norm()
        .layerNormBackward(
            s.accumulate(0),
            x.count(0, axis),
            x.count(axis, x.rank()),
            s.x().data(),
            Normalisation.parameter(s, 1),
            s.kept(),
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return i == 0 && down == 1 && axis == 3 ? Reach.PIXEL : null;
  }

  @Override
  public boolean byRows(Node node) {
    return axis > 0;
  }

  @Override
  public long keptBytes(Node node) {
    return 8L * node.output().shape().count(0, axis);
  }

  @Override
  public Op permuted(int[] perm) {
    for (int i = axis; i < perm.length; i++) {
      if (perm[i] != i) {
        return null;
      }
    }
    return this;
  }

  @Override
  public boolean isPermuted(int i) {
    return i == 0;
  }
}
