package candela.graph;

import candela.graph.op.Concat;
import candela.graph.op.Expand;
import candela.graph.op.Slice;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** Readers of operators that move elements. */
final class MoveReaders {
  private MoveReaders() {}

  static Value identity(Call c) {
    return ElementReaders.same(c, c.x(0));
  }

  static Value dropout(Call c) {
    c.ignore("ratio", "seed");
    if (c.has(2) && c.number(2, "training mode") != 0) {
      throw CandelaException.of("training mode is not supported; export the model for inference");
    }
    if (c.wants(1)) {
      Shape s = c.x(0).shape();
      Value one = c.lifted(c.of(Shape.SCALAR, 1f), s.rank());
      c.also(1, c.add(new Expand(s), one));
    }
    return ElementReaders.same(c, c.x(0));
  }

  static Value transpose(Call c) {
    int rank = c.x(0).shape().rank();
    int[] perm = Call.narrow(c.integers("perm"));
    if (perm.length == 0) {
      perm = new int[rank];
      for (int i = 0; i < rank; i++) {
        perm[i] = rank - 1 - i;
      }
    }
    return c.transpose(c.x(0), perm);
  }

  static Value concat(Call c) {
    List<Value> in = c.together(c.inputs(), true);
    return c.add(new Concat(Call.axis(c.integer("axis", 1), c.x(0).shape().rank())), in);
  }

  static Value slice(Call c) {
    Shape x = c.x(0).shape();
    long[] starts = c.needed(1, "starts");
    long[] ends = c.needed(2, "ends");
    long[] axes = c.longs(3, "axes");
    long[] by = c.longs(4, "steps");
    int[] from = new int[x.rank()];
    int[] steps = new int[x.rank()];
    int[] sizes = x.dims();
    Arrays.fill(steps, 1);
    int n = starts.length;
    if (ends.length != n
        || (axes == null ? n > x.rank() : axes.length != n)
        || (by != null && by.length != n)) {
      throw CandelaException.of(
          "starts, ends, axes and steps of equal length expected, got %d, %d, %s, %s",
          n, ends.length, axes == null ? "none" : axes.length, by == null ? "none" : by.length);
    }
    for (int i = 0; i < n; i++) {
      int a = Call.axis(axes == null ? i : axes[i], x.rank());
      long step = by == null ? 1 : by[i];
      if (step == 0) {
        throw CandelaException.of("step 0 along axis %d", a);
      }
      int length = x.dim(a);
      step = Math.clamp(step, -length - 1L, length + 1L);
      long s = starts[i] < 0 ? starts[i] + length : starts[i];
      long e = ends[i] < 0 ? ends[i] + length : ends[i];
      s = Math.clamp(s, 0L, step > 0 ? length : Math.max(length - 1L, 0));
      e = Math.clamp(e, step > 0 ? 0L : -1L, (long) length);
      from[a] = (int) s;
      steps[a] = (int) step;
      long span = step > 0 ? e - s : s - e;
      sizes[a] = (int) Math.max(0, Math.ceilDiv(span, Math.abs(step)));
    }
    return c.add(new Slice(from, steps, sizes), c.x(0));
  }

  static Value split(Call c) {
    Shape x = c.x(0).shape();
    int axis = Call.axis(c.integer("axis", 0), x.rank());
    int outputs = c.node().outputs().size();
    int[] sizes = c.ints(1, "split");
    c.ignore("num_outputs");
    if (sizes == null || sizes.length == 0) {
      sizes = new int[outputs];
      int each = Math.ceilDiv(x.dim(axis), outputs);
      Arrays.fill(sizes, each);
      sizes[outputs - 1] = x.dim(axis) - each * (outputs - 1);
    }
    boolean fits = sizes.length == outputs && Arrays.stream(sizes).allMatch(n -> n >= 0);
    if (!fits || Arrays.stream(sizes).asLongStream().sum() != x.dim(axis)) {
      throw CandelaException.of(
          "split %s: %d lengths expected that add up to axis %d of %s",
          Arrays.toString(sizes), outputs, axis, x);
    }
    Value first = null;
    int[] steps = new int[x.rank()];
    Arrays.fill(steps, 1);
    int at = 0;
    for (int i = 0; i < outputs; i++) {
      int[] from = new int[x.rank()];
      from[axis] = at;
      Value y = c.add(new Slice(from, steps, x.with(axis, sizes[i]).dims()), c.x(0));
      at += sizes[i];
      first = i == 0 ? y : first;
      if (i > 0) {
        c.also(i, y);
      }
    }
    return first;
  }

  static Value expand(Call c) {
    Value x = c.x(0);
    Shape to = Shape.of(Call.narrow(c.needed(1, "shape")));
    if (c.images(0) >= 0 && c.isWritten(1, "shape")) {
      Shape own = c.builder().batching().own(c.node().outputs().getFirst());
      to = c.builder().batching().grown(own, c.images(0) + own.rank() - x.shape().rank());
    } else if (c.images(0) < 0 && c.builder().batching() != null) {
      x = forImages(c, x, to);
    }
    to = Shape.broadcast(x.shape(), to);
    return c.add(new Expand(to), c.lifted(x, to.rank()));
  }

  /** What is the same for all images, where it holds as many as the file's own batch. */
  private static Value forImages(Call c, Value x, Shape to) {
    long[] own = c.builder().batching().longs(c.node().inputs().get(1));
    for (int a = 0; a < x.shape().rank(); a++) {
      int at = a + to.rank() - x.shape().rank();
      if (at >= 0 && own[at] != to.dim(at) && own[at] == x.shape().dim(a) && own[at] > 1) {
        return c.times(x, a, 1, to.dim(at));
      }
    }
    return x;
  }
}
