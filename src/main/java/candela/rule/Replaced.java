package candela.rule;

import candela.device.Device;
import candela.graph.Node;
import candela.graph.Step;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/** A step some of whose tensors are others. */
final class Replaced implements Step {
  private static final int ALL = -1;

  private final Step s;
  private final Tensor x;

  /** The input that x stands for, ALL for all that are not constant. */
  private final int place;

  private final Tensor y;
  private final Tensor dy;
  private final int input;
  private final Tensor dx;
  private final boolean accumulate;
  private final MemorySegment kept;

  private Replaced(
      Step s,
      Tensor x,
      int place,
      Tensor y,
      Tensor dy,
      int input,
      Tensor dx,
      boolean accumulate,
      MemorySegment kept) {
    this.s = s;
    this.x = x;
    this.place = place;
    this.y = y;
    this.dy = dy;
    this.input = input;
    this.dx = dx;
    this.accumulate = accumulate;
    this.kept = kept;
  }

  /** dx of the given input alone = the operator's gradient under dy. */
  static void backward(Step s, Tensor dy, int input, Tensor dx) {
    s.node().op().backward(new Replaced(s, null, ALL, s.y(), dy, input, dx, false, s.kept()));
  }

  /** As backward, with x in the place of another input. */
  static void backward(Step s, int place, Tensor x, Tensor dy, int input, Tensor dx) {
    s.node().op().backward(new Replaced(s, x, place, s.y(), dy, input, dx, false, s.kept()));
  }

  /** dx of the given input alone, in its own place, under dy. */
  static void backward(Step s, Tensor dy, int input) {
    Tensor dx = s.dx(input);
    s.node()
        .op()
        .backward(new Replaced(s, null, ALL, s.y(), dy, input, dx, s.accumulate(input), s.kept()));
  }

  /** y = the operator, of one input, on x; what forward kept for backward stays. */
  static void forward(Step s, Tensor x, Tensor y) {
    s.node().op().forward(new Replaced(s, x, ALL, y, null, -1, null, false, MemorySegment.NULL));
  }

  @Override
  public Node node() {
    return s.node();
  }

  @Override
  public Device device() {
    return s.device();
  }

  @Override
  public Tensor x(int i) {
    boolean stays = place == ALL ? s.node().input(i).isConstant() : i != place;
    return x == null || stays ? s.x(i) : x;
  }

  @Override
  public Tensor y(int i) {
    return i == 0 ? y : s.y(i);
  }

  @Override
  public Tensor dy(int i) {
    return i == 0 ? dy : s.dy(i);
  }

  @Override
  public Tensor dx(int i) {
    return i == input ? dx : null;
  }

  @Override
  public boolean accumulate(int i) {
    return accumulate;
  }

  @Override
  public MemorySegment kept() {
    return kept;
  }

  @Override
  public int batch() {
    return s.batch();
  }

  @Override
  public MemorySegment scratch() {
    return s.scratch();
  }

  @Override
  public <T extends AutoCloseable> T plan(Supplier<T> make) {
    return s.plan(make);
  }

  @Override
  public <T extends AutoCloseable> T plan(Object key, Supplier<T> make) {
    return s.plan(key, make);
  }
}
