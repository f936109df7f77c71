package candela.graph;

import candela.device.Device;
import candela.graph.op.BatchNorm;
import candela.graph.op.Conv;
import candela.graph.op.ConvConcat;
import candela.graph.op.ConvTranspose;
import candela.graph.op.GroupNorm;
import candela.graph.op.InstanceNorm;
import candela.graph.op.LayerNorm;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.Product;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Storage;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * One network on two devices in lock step, forward and back: every node gets the reference's inputs
 * on both, so that what it gives is its own difference and none from before.
 *
 * <p>Both sessions have the same graph and so the same plan: what lies at one place in the memory
 * of one lies there in the other. Besides them, memory is taken for one tensor at a time.
 */
public final class LockStep {
  /** Rounding of float32, each device in its own order. */
  private static final double FLOAT32 = 1e-5;

  /** The same of sums of some thousand terms: one after the other, equal ones are off by 3e-5. */
  private static final double SUMS = 4e-5;

  /** Two factors rounded to 11 bits, 2⁻¹² each on average, relative to what terms add up to. */
  private static final double TF32 = 2e-3;

  /** Two factors rounded to 8 bits. */
  private static final double BF16 = 8 * TF32;

  /** Sums in float32 that are held in 16 bits: nearly all equal, others a unit apart. */
  private static final double HELD_IN_BF16 = 0x1p-8;

  private static final double HELD_IN_FP16 = 0x1p-11;

  /** The largest difference may be that much more, as a share of the largest value. */
  private static final double LARGEST = 10;

  /** Never a part of the batch at a time. */
  private static final long WHOLE = 1L << 50;

  private final Session reference;
  private final Session tested;
  private final Watch watch;
  private final BiConsumer<NodeStep, Boolean> after;
  private final Outcome outcome = new Outcome();

  /** Hears how far it is, and what is wrong as soon as it is known. */
  public interface Watch {
    /** Node runs that are done, of all. */
    void at(int done, int all);

    /** A node that gives something else, in one sentence. */
    void fault(String sentence);
  }

  /** What came out. */
  public static final class Outcome {
    private int forward;
    private int backward;
    private int faults;
    private Difference largest;
    private long referenceNanos;
    private long testedNanos;

    /** Nodes that ran forward. */
    public int forward() {
      return forward;
    }

    /** Nodes that ran backward. */
    public int backward() {
      return backward;
    }

    /** Results beyond their tolerance; 0 when the devices agree. */
    public int faults() {
      return faults;
    }

    /** The largest relative difference; null where every bit is the same. */
    public Difference largest() {
      return largest;
    }

    public double referenceSeconds() {
      return referenceNanos / 1e9;
    }

    /** With all that a device does once: choosing algorithms, packing weights. */
    public double testedSeconds() {
      return testedNanos / 1e9;
    }
  }

  private LockStep(
      Session reference, Session tested, Watch watch, BiConsumer<NodeStep, Boolean> after) {
    this.reference = reference;
    this.tested = tested;
    this.watch = watch;
    this.after = after;
  }

  /**
   * Runs seeded normal values and a seeded normal gradient of the class scores.
   *
   * @param reference the CPU
   * @param tested the CPU again, where every bit must be the same; or a card, with relative
   *     differences (L2) up to 1e-5, of nodes that multiply in TF32 up to 2e-3, in BF16 1.6e-2, of
   *     nodes that hold 16 bits, on both alike, up to 4e-3 (BF16) or 5e-4 (FP16)
   * @throws CandelaException when the network does not fit, or has no gradient
   */
  public static Outcome run(
      Network network, int batch, Device reference, Device tested, Watch watch) {
    return run(network, batch, reference, tested, watch, (step, back) -> {});
  }

  /**
   * @param after called when the tested node has run, and whether backward
   */
  static Outcome run(
      Network network,
      int batch,
      Device reference,
      Device tested,
      Watch watch,
      BiConsumer<NodeStep, Boolean> after) {
    SessionOptions options = SessionOptions.GRADIENT;
    Graph graph = network.graph(batch, options);
    Session.Holding holding = Session.Holding.on(tested);
    try (Session a = Session.open(graph, reference, options, WHOLE, holding);
        Session b = Session.open(graph, tested, options, WHOLE, holding)) {
      LockStep steps = new LockStep(a, b, watch, after);
      steps.run();
      return steps.outcome;
    }
  }

  private void run() {
    SplittableRandom random = new SplittableRandom(1);
    for (Value v : reference.graph().inputs()) {
      draw(random, reference.input(v.name()));
    }
    int n = reference.steps().size();
    for (int i = 0; i < n; i++) {
      if (reference.runsForward(reference.steps().get(i))) {
        forward(reference.steps().get(i), tested.steps().get(i));
      }
      watch.at(i + 1, 2 * n);
    }
    draw(random, reference.start());
    for (int i = n - 1; i >= 0; i--) {
      if (reference.runsBackward(reference.steps().get(i))) {
        backward(reference.steps().get(i), tested.steps().get(i));
      }
      watch.at(2 * n - i, 2 * n);
    }
  }

  private void draw(SplittableRandom random, Tensor to) {
    float[] values = new float[to.count()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    reference.device().write(to, values);
  }

  private void forward(NodeStep a, NodeStep b) {
    outcome.forward++;
    for (int i = 0; i < a.x.length; i++) {
      copyComputed(a, b, i);
    }
    copy(a.kept, b.kept); // gaps between its parts that no one writes
    boolean ran = both(b, false, () -> reference.forward(a), () -> tested.forward(b));
    for (int i = 0; i < a.y.length && ran; i++) {
      double allowed = tolerance(a.node());
      if (allowed > FLOAT32) {
        allowed *= Math.max(1, terms(a, i));
      }
      compare(a.node(), "y" + number(i, a.y.length), a.y[i], b.y[i], allowed);
    }
    if (ran && a.kept.byteSize() > 0) {
      compareKept(a, b);
    }
  }

  private void backward(NodeStep a, NodeStep b) {
    outcome.backward++;
    for (int i = 0; i < a.x.length; i++) {
      copyComputed(a, b, i);
      copy(a.dx[i], b.dx[i]); // what a node adds to
    }
    for (int i = 0; i < a.y.length; i++) {
      copy(a.y[i], b.y[i]);
      copy(a.dy[i], b.dy[i]);
    }
    // The reference's own bits and indices: a unit within rounding of zero may turn otherwise.
    copy(a.kept, b.kept);
    boolean ran =
        both(
            b,
            true,
            () -> reference.backward(a, Rule.GRADIENT),
            () -> tested.backward(b, Rule.GRADIENT));
    for (int i = 0; i < a.dx.length && ran; i++) {
      if (a.dx[i] != null) {
        compare(a.node(), "gradient of x" + number(i, a.x.length), a.dx[i], b.dx[i]);
      }
    }
    reference.addExtras(a);
  }

  /** Runs a node on both and takes the times; false when the tested device refuses it. */
  private boolean both(NodeStep b, boolean back, Runnable first, Runnable second) {
    long start = System.nanoTime();
    first.run();
    long between = System.nanoTime();
    outcome.referenceNanos += between - start;
    try {
      second.run();
      Tensor result = back ? written(b) : b.y[0];
      if (result.count() > 0) {
        tested.device().read(new Tensor(Shape.of(1), result.data())); // waits
      }
    } catch (CandelaException e) {
      fault("%s", e.getMessage());
      return false;
    }
    outcome.testedNanos += System.nanoTime() - between;
    after.accept(b, back);
    return true;
  }

  private static Tensor written(NodeStep s) {
    for (Tensor dx : s.dx) {
      if (dx != null) {
        return dx;
      }
    }
    return s.dy[0];
  }

  private void copyComputed(NodeStep a, NodeStep b, int i) {
    Value v = a.node().input(i);
    if (v != null && !v.isConstant()) {
      copy(a.x[i], b.x[i]);
    }
  }

  private void copy(Tensor from, Tensor to) {
    if (from != null) {
      copy(from.data(), to.data());
    }
  }

  private void copy(MemorySegment from, MemorySegment to) {
    if (from.byteSize() > 0) {
      tested.device().copyIn(from, to);
    }
  }

  private void compare(Node node, String what, Tensor a, Tensor b) {
    compare(node, what, a, b, tolerance(node));
  }

  /**
   * What sums of products would be if their terms did not cancel, over what they are. Where a ReLU
   * leaves the few that are just above zero, what the factors' rounding gives is large beside them.
   * 0 where no factor is a constant.
   */
  private double terms(NodeStep s, int i) {
    double weights = 0;
    double x = 0;
    for (int k = 0; k < s.x.length; k++) {
      Value v = s.node().input(k);
      if (v != null && v.shape().rank() > 1) {
        float[] values = reference.device().read(s.x[k]);
        if (v.isConstant()) {
          weights = squares(values);
        } else if (x == 0) {
          x = squares(values) / values.length;
        }
      }
    }
    int channels = s.y[i].shape().dim(s.y[i].shape().rank() - 1);
    double y = squares(reference.device().read(s.y[i])) / s.y[i].count();
    return y > 0 ? Math.sqrt(x * weights / channels / y) : 0;
  }

  private static double squares(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += Float.isFinite(v) ? (double) v * v : 0;
    }
    return sum;
  }

  private void compare(Node node, String what, Tensor a, Tensor b, double allowed) {
    Difference d = Difference.of(reference.device().read(a), tested.device().read(b));
    if (d == null) {
      return;
    }
    d = d.at(node.label() + ": " + what);
    if (outcome.largest == null || d.relative() > outcome.largest.relative()) {
      outcome.largest = d;
    }
    if (allowed == 0 || d.relative() > allowed || d.share() > LARGEST * allowed) {
      fault(
          "%s %s of %s at %s: %s on %s, %s on %s; relative difference %.2g, %s allowed; largest"
              + " %.2g",
          d.where(),
          a.shape(),
          node.inputs(),
          d.place(a.shape()),
          d.expected(),
          named(reference.device()),
          d.came(),
          named(tested.device()),
          d.relative(),
          allowed == 0 ? "none" : String.format(Locale.ROOT, "%.2g", allowed),
          d.largest());
    }
  }

  /**
   * Statistics are compared as numbers. Of bits and indices some may differ on a card: a unit turns
   * where its sum is within rounding of zero, which holds for fewer of them than the tolerance.
   */
  private void compareKept(NodeStep a, NodeStep b) {
    Node n = a.node();
    if (keepsStatistics(n.op())) {
      Shape numbers = Shape.of((int) (a.kept.byteSize() / Tensor.BYTES));
      compare(n, "statistics", new Tensor(numbers, a.kept), new Tensor(numbers, b.kept));
      return;
    }
    byte[] first = bytes(reference.device(), a.kept);
    byte[] second = bytes(tested.device(), b.kept);
    long turned = 0;
    for (int i = 0; i < first.length; i++) {
      turned += Integer.bitCount((first[i] ^ second[i]) & 0xff);
    }
    double allowed = tolerance(n) == 0 ? 0 : 8 + tolerance(n) * 8 * first.length;
    if (turned > allowed) {
      fault(
          "%s: %d of %d bits kept for backward differ, %.0f allowed",
          n.label(), turned, 8L * first.length, allowed);
    }
  }

  private static byte[] bytes(Device device, MemorySegment from) {
    byte[] bytes = new byte[(int) from.byteSize()];
    device.copyOut(from, MemorySegment.ofArray(bytes));
    return bytes;
  }

  private void fault(String format, Object... arguments) {
    outcome.faults++;
    watch.fault(String.format(Locale.ROOT, format, arguments));
  }

  private double tolerance(Node node) {
    if (tested.device().name().equals(reference.device().name())) {
      return 0;
    }
    Storage held = narrowest(node);
    if (held != Storage.FLOAT32) {
      return held == Storage.BF16 ? HELD_IN_BF16 : HELD_IN_FP16;
    }
    if (!multiplies(node.op())) {
      return FLOAT32;
    }
    return switch (tested.device().precision()) {
      case FLOAT32 -> SUMS;
      case TF32, FP16 -> TF32;
      case BF16 -> BF16;
    };
  }

  /** How the node holds what it reads and writes; 16 bits where it does so on one side. */
  private static Storage narrowest(Node node) {
    return Stream.concat(node.inputs().stream(), node.outputs().stream())
        .filter(v -> v != null && v.storage() != Storage.FLOAT32)
        .map(Value::storage)
        .findFirst()
        .orElse(Storage.FLOAT32);
  }

  private static boolean multiplies(Op op) {
    return op instanceof Conv
        || op instanceof ConvConcat
        || op instanceof ConvTranspose
        || op instanceof MatMul
        || op instanceof Matrix
        || op instanceof Product;
  }

  private static boolean keepsStatistics(Op op) {
    return op instanceof BatchNorm
        || op instanceof GroupNorm
        || op instanceof InstanceNorm
        || op instanceof LayerNorm;
  }

  private static String named(Device device) {
    return device.name() + (device.threads() > 1 ? " at " + device.threads() + " threads" : "");
  }

  /** "" where there is one only. */
  private static String number(int i, int of) {
    return of == 1 ? "" : "(" + i + ")";
  }
}
