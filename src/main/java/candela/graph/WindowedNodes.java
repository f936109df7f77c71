package candela.graph;

import candela.graph.op.Conv;
import candela.graph.op.ConvConcat;
import candela.graph.op.Patch;
import candela.graph.op.Transpose;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Follows a window in the image from node to node: for each, a node that computes the pixels of its
 * output that the window may change, and what brings together the pixels that it takes.
 */
final class WindowedNodes {
  /**
   * Where convolutions filter minimally, they do on 2 × 2 pixels at a time, from 32 of these on.
   */
  private static final int TILE = 2;

  private static final int LEAST = 12;

  /** The share of a map above which it is computed as a whole. */
  private static final double MOST = 0.8;

  private final int[] window;

  /** [N,2] int32: top and left of each row's window. */
  final Value corner;

  final List<Node> nodes = new ArrayList<>();

  /** Values of the graph whose maps without windows are inputs, and these inputs, [1,…]. */
  final List<Value> based = new ArrayList<>();

  final Map<Value, Value> bases = new IdentityHashMap<>();

  private final Map<Value, Held> held = new IdentityHashMap<>();

  /**
   * What there is of a value.
   *
   * @param value its pixels, in the new graph
   * @param axis that of the height
   */
  private record Held(Value value, Extent down, Extent across, int axis) {
    Extent side(int axis) {
      return axis == 0 ? down : across;
    }

    boolean isWhole() {
      return down.isWhole() && across.isWhole();
    }

    boolean holds(Extent[] sides) {
      return down.holdsSame(sides[0]) && across.holdsSame(sides[1]);
    }
  }

  /**
   * @param x the images, [N,C,H,W]
   */
  WindowedNodes(Value x, int tall, int wide) {
    window = new int[] {tall, wide};
    corner = Value.of("corner", Shape.of(x.shape().dim(0), 2), true);
    held.put(x, new Held(x, Extent.image(x.shape().dim(2)), Extent.image(x.shape().dim(3)), 2));
  }

  /**
   * Adds what computes n's output; false where the window cannot be followed or nothing is saved.
   */
  boolean follow(Node n) {
    if (n.outputs().size() != 1 || n.output().shape().rank() != 4) {
      return false;
    }
    Reach[] reach = new Reach[n.inputs().size()];
    int axis = -1;
    for (int i = 0; i < reach.length; i++) {
      Value v = n.input(i);
      if (v == null || v.isConstant()) {
        continue;
      }
      Held h = held.get(v);
      reach[i] = h == null ? null : n.op().reach(n, i, h.axis());
      if (reach[i] == null || (axis >= 0 && axis != h.axis())) {
        return false;
      }
      axis = h.axis();
    }
    if (axis < 0) {
      return false;
    }
    int out = n.op() instanceof Transpose t ? t.to(axis) : axis;
    Extent[] inherited = inherited(n, reach);
    Extent[] sides = inherited == null ? changed(n, reach) : inherited;
    if (sides == null || !saves(sides, n.output().shape(), out)) {
      return false;
    }
    List<Value> inputs = new ArrayList<>();
    for (int i = 0; i < reach.length; i++) {
      inputs.add(reach[i] == null ? n.input(i) : taken(n.input(i), sides, reach[i]));
    }
    Op op = n.op().cropped(sides[0].size(), sides[1].size());
    Value y = Value.of(n.output().name(), op.shapes(inputs).get(0), false);
    nodes.add(new Node(n.name(), op, inputs, y));
    held.put(n.output(), new Held(y, sides[0], sides[1], out));
    return true;
  }

  private static boolean saves(Extent[] sides, Shape whole, int axis) {
    double all = (double) whole.dim(axis) * whole.dim(axis + 1);
    return (double) sides[0].size() * sides[1].size() <= MOST * all;
  }

  /** Adds what makes the whole map of v. */
  Value whole(Value v) {
    Held h = held.get(v);
    Extent down = h.down().whole(v.shape().dim(h.axis()));
    Extent across = h.across().whole(v.shape().dim(h.axis() + 1));
    return patch(v, new Extent[] {down, across}, 0);
  }

  /** The pixels that all inputs hold, where they are what n's output is made of; else null. */
  private Extent[] inherited(Node n, Reach[] reach) {
    Held one = null;
    for (int i = 0; i < reach.length; i++) {
      if (reach[i] == null) {
        continue;
      }
      Held h = held.get(n.input(i));
      boolean same =
          one == null || (h.down().equals(one.down()) && h.across().equals(one.across()));
      if (!reach[i].isPixel() || !same || h.isWhole()) {
        return null;
      }
      one = h;
    }
    return new Extent[] {one.down(), one.across()};
  }

  /** The pixels of n's output that a window may change; null where its inputs do not fit. */
  private Extent[] changed(Node n, Reach[] reach) {
    boolean minimal = false;
    Extent[] sides = new Extent[2];
    for (int i = 0; i < reach.length; i++) {
      if (reach[i] == null) {
        continue;
      }
      for (int a = 0; a < 2; a++) {
        Extent behind = held.get(n.input(i)).side(a).behind(reach[i], a);
        sides[a] = sides[a] == null ? behind : sides[a].and(behind);
        if (sides[a] == null) {
          return null;
        }
      }
      minimal |= filtersMinimally(n.op(), reach[i]);
    }
    for (int a = 0; a < 2; a++) {
      sides[a] = sides[a].changed(window[a], minimal ? TILE : 1, minimal ? LEAST : 1);
    }
    return sides;
  }

  private static boolean filtersMinimally(Op op, Reach r) {
    boolean three = r.size()[0] == 3 && r.size()[1] == 3;
    boolean dense = r.strides()[0] == 1 && r.strides()[1] == 1;
    return (op instanceof Conv || op instanceof ConvConcat) && three && dense;
  }

  /** What these pixels of a result take of v. */
  private Value taken(Value v, Extent[] sides, Reach reach) {
    Extent[] from = {sides[0].before(reach, 0), sides[1].before(reach, 1)};
    return patch(v, from, reach.outside());
  }

  /** These pixels of v. */
  private Value patch(Value v, Extent[] to, float outside) {
    Held h = held.get(v);
    if (h.holds(to)) {
      return h.value();
    }
    List<Value> inputs = new ArrayList<>(List.of(h.value(), corner));
    if (!h.isWhole()) {
      inputs.add(bases.computeIfAbsent(v, this::base));
    }
    Patch op =
        new Patch(
            ints(h.down(), h.across()),
            ints(to[0], to[1]),
            v.shape().dim(h.axis()),
            v.shape().dim(h.axis() + 1),
            h.axis() == 2,
            outside);
    Value y = Value.of(v.name(), op.shapes(inputs).get(0), false);
    nodes.add(new Node(v.name(), op, inputs, y));
    return y;
  }

  private Value base(Value v) {
    based.add(v);
    return Value.of("base of " + v.name(), v.shape().with(0, 1), false);
  }

  private static int[] ints(Extent down, Extent across) {
    int[] both = new int[12];
    System.arraycopy(down.ints(), 0, both, 0, 6);
    System.arraycopy(across.ints(), 0, both, 6, 6);
    return both;
  }
}
