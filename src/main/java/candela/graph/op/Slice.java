package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Part of a tensor: along every axis, size elements from start on, step apart (step may be
 * negative).
 */
public record Slice(int[] starts, int[] steps, int[] sizes) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(Strides.checked(Shape.of(sizes)));
  }

  @Override
  public void forward(Step s) {
    if (s.y().count() == 0) {
      return;
    }
    int[] own = s.x().shape().strides();
    int[] seen = new int[own.length];
    long base = 0;
    for (int i = 0; i < own.length; i++) {
      seen[i] = own[i] * steps[i];
      base += (long) own[i] * starts[i];
    }
    s.device()
        .kernels()
        .move()
        .copyStrided(
            s.x().storage(),
            false,
            sizes.length,
            s.y().shape().dims(),
            seen,
            s.y().shape().strides(),
            from(s.x(), base),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    if (!s.accumulate(0)) {
      s.device().kernels().elementwise().fill(s.dx().storage(), s.dx().count(), 0, s.dx().data());
    }
    if (s.dy().count() == 0) {
      return;
    }
    int[] own = s.dx().shape().strides();
    int[] narrow = s.dy().shape().strides();
    int[] wide = new int[own.length];
    long base = 0;
    long first = 0;
    for (int i = 0; i < own.length; i++) {
      wide[i] = own[i] * Math.abs(steps[i]);
      int lowest = starts[i];
      if (steps[i] < 0) {
        lowest += (sizes[i] - 1) * steps[i];
        first += (long) narrow[i] * (sizes[i] - 1);
        narrow[i] = -narrow[i];
      }
      base += (long) own[i] * lowest;
    }
    s.device()
        .kernels()
        .move()
        .copyStrided(
            s.dx().storage(),
            s.accumulate(0),
            sizes.length,
            sizes,
            narrow,
            wide,
            from(s.dy(), first),
            from(s.dx(), base));
  }

  private static MemorySegment from(Tensor t, long element) {
    return t.data().asSlice(t.storage().bytes(element));
  }

  @Override
  public Width width(Node node) {
    return Width.AS_INPUT;
  }

  @Override
  public boolean byRows(Node node) {
    return starts[0] == 0 && steps[0] == 1;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public Op permuted(int[] perm) {
    return new Slice(
        Strides.permuted(starts, perm),
        Strides.permuted(steps, perm),
        Strides.permuted(sizes, perm));
  }
}
