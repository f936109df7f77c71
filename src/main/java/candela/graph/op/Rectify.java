package candela.graph.op;

import candela.device.Dense;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Clamps to lo..hi (ReLU: 0 and infinity); one bit an element is kept for backward. */
public record Rectify(float lo, float hi) implements Op {
  /** What keeps a logarithm or a root from 0. */
  public static final Rectify FLOOR = new Rectify(Float.MIN_NORMAL, Float.POSITIVE_INFINITY);

  public boolean isFloor() {
    return lo == FLOOR.lo;
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape());
  }

  /** Whether nothing is below 0 once it is rounded to steps of this size. */
  public boolean beginsAtZero(float step) {
    return lo > -step / 2;
  }

  private static long rows(Shape x) {
    return x.rank() == 0 ? 1 : Math.max(1, x.dim(0));
  }

  @Override
  public void forward(Step s) {
    long rows = rows(s.x().shape());
    MemorySegment kept = s.kept((s.x().count() / rows + 7) / 8);
    s.device()
        .kernels()
        .elementwise()
        .rectifyForward(
            s.x().storage(), rows, s.x().count() / rows, lo, hi, s.x().data(), s.y().data(), kept);
  }

  @Override
  public void backward(Step s) {
    if (s.kept().equals(MemorySegment.NULL)) {
      pass(s);
      return;
    }
    long rows = rows(s.dy().shape());
    s.device()
        .kernels()
        .elementwise()
        .rectifyBackward(
            s.dy().storage(),
            rows,
            s.dy().count() / rows,
            s.accumulate(0),
            s.kept(),
            s.dy().data(),
            s.dx().data());
  }

  /** What has passed goes on as it is; nothing to do where it lies there already. */
  private static void pass(Step s) {
    boolean there = s.dx().data().address() == s.dy().data().address();
    if (there && !s.accumulate(0)) {
      return;
    }
    int[] dims = {s.dy().count()};
    int[] one = {1};
    s.device()
        .kernels()
        .move()
        .copyStrided(
            s.dy().storage(), s.accumulate(0), 1, dims, one, one, s.dy().data(), s.dx().data());
  }

  @Override
  public Dense.Activation gate(Node node) {
    boolean relu = lo == 0 && hi == Float.POSITIVE_INFINITY;
    return relu ? Dense.Activation.RELU : Dense.Activation.clip(lo, hi);
  }

  @Override
  public Width width(Node node) {
    return Width.AS_INPUT;
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
  public int inPlace(Node node) {
    return 0;
  }

  @Override
  public long keptBytes(Node node) {
    long rows = rows(node.output().shape());
    return rows * ((node.output().shape().count() / rows + 7) / 8);
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return Reach.PIXEL;
  }

  @Override
  public Op permuted(int[] perm) {
    return this;
  }
}
