package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** Axis perm[i] of the input becomes axis i. */
public record Transpose(int[] perm) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = Strides.checked(inputs.get(0).shape());
    boolean[] seen = new boolean[x.rank()];
    boolean fits = perm.length == x.rank();
    for (int i = 0; fits && i < perm.length; i++) {
      fits = perm[i] >= 0 && perm[i] < perm.length && !seen[perm[i]];
      if (fits) {
        seen[perm[i]] = true;
      }
    }
    if (!fits) {
      throw CandelaException.of("perm %s does not fit %s", Arrays.toString(perm), x);
    }
    return List.of(Shape.of(Strides.permuted(x.dims(), perm)));
  }

  @Override
  public void forward(Step s) {
    Shape y = s.y().shape();
    int[] strides = Strides.permuted(s.x().shape().strides(), perm);
    s.device()
        .kernels()
        .move()
        .copyStrided(false, y.rank(), y.dims(), strides, y.strides(), s.x().data(), s.y().data());
  }

  @Override
  public void backward(Step s) {
    int[] back = new int[perm.length];
    for (int i = 0; i < perm.length; i++) {
      back[perm[i]] = i;
    }
    Shape x = s.dx().shape();
    int[] strides = Strides.permuted(s.dy().shape().strides(), back);
    s.device()
        .kernels()
        .move()
        .copyStrided(
            s.accumulate(0),
            x.rank(),
            x.dims(),
            strides,
            x.strides(),
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return perm[0] == 0 && to(down) > 0 ? Reach.PIXEL : null;
  }

  /** Where the axis of the height goes; -1 where that of the width does not follow it. */
  public int to(int down) {
    for (int k = 1; k + 1 < perm.length; k++) {
      if (perm[k] == down && perm[k + 1] == down + 1) {
        return k;
      }
    }
    return -1;
  }

  @Override
  public boolean byRows(Node node) {
    return perm[0] == 0;
  }

  @Override
  public boolean accumulates() {
    return true;
  }
}
