package candela.graph;

import candela.device.Work;
import candela.graph.Lanes.Range;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A node's run, or a part of it, and the memory that it touches.
 *
 * @param touched constants left out, which nobody writes
 */
record Piece(Runnable run, List<Range> touched) {
  /** The pieces in so many lanes. */
  static List<Work> side(List<Piece> pieces, int lanes) {
    List<Lanes.Slot> slots = Lanes.of(pieces.stream().map(Piece::touched).toList(), lanes);
    List<Work> work = new ArrayList<>();
    for (int i = 0; i < slots.size(); i++) {
      work.add(new Work(pieces.get(i).run(), slots.get(i).lane(), slots.get(i).after()));
    }
    return work;
  }

  /** What a piece touches, collected. */
  static final class Touched {
    private final List<Range> ranges = new ArrayList<>();

    /** All that forward of a node reads and writes. */
    static Touched forward(NodeStep s) {
      Touched t = new Touched();
      Op op = s.node().op();
      for (int i = 0; i < s.x.length; i++) {
        if (s.node().input(i) != null && !s.node().input(i).isConstant()) {
          t.add(s.x[i], op.updates(i));
        }
      }
      for (Tensor y : s.y) {
        t.add(y, true);
      }
      return t.add(s.kept, true).add(s.scratch, true);
    }

    /** All that an operator's part reads and writes in forward. */
    static Touched forward(NodeStep s, Parted.Part p) {
      Touched t = new Touched();
      for (int i = p.input(); i < p.input() + p.inputs(); i++) {
        if (s.node().input(i) != null && !s.node().input(i).isConstant()) {
          t.add(s.x[i], false);
        }
      }
      return t.add(s.y[0], p, true).add(kept(s, p), true);
    }

    /** What an operator's part reads and writes in backward. */
    static Touched backward(NodeStep s, Parted.Part p, boolean needsY) {
      Touched t = new Touched().add(s.dy[0], p, false).add(kept(s, p), false);
      if (needsY) {
        t.add(s.y[0], p, false);
      }
      return t.add(s.dx[p.input()], true).addGating(s, p.input());
    }

    /** What every node's backward reads and writes of its own, values apart. */
    static Touched backward(NodeStep s) {
      Touched t = new Touched().add(s.kept, true).add(s.scratch, true).add(s.work, true);
      for (int i = 0; i < s.dx.length; i++) {
        t.add(s.dx[i], true).addGating(s, i);
      }
      return t;
    }

    private Touched addGating(NodeStep s, int i) {
      return s.gating[i].isNone() ? this : add(s.x[i], false);
    }

    private static MemorySegment kept(NodeStep s, Parted.Part p) {
      return s.kept.byteSize() == 0 ? s.kept : s.kept.asSlice(p.kept(), p.keptBytes());
    }

    /** Nothing where t is null. */
    Touched add(Tensor t, boolean written) {
      return t == null ? this : add(t.data(), written);
    }

    private Touched add(Tensor t, Parted.Part p, boolean written) {
      long from = t.data().address();
      long row = t.storage().bytes(t.shape().dim(-1));
      long left = t.storage().bytes(p.channel());
      long right = left + t.storage().bytes(p.channels());
      ranges.add(new Range(from, from + t.data().byteSize(), row, left, right, written));
      return this;
    }

    Touched add(MemorySegment m, boolean written) {
      if (m.byteSize() > 0) {
        ranges.add(new Range(m.address(), m.address() + m.byteSize(), written));
      }
      return this;
    }

    Piece by(Runnable run) {
      return new Piece(run, List.copyOf(ranges));
    }
  }
}
