package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.cuda.Cudnn.Descriptor;
import candela.device.cuda.Cudnn.Kind;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One convolution, or one of its gradients, as a graph of cuDNN's operations. Images are
 * channels-last, weights [oc,kh,kw,c/groups].
 *
 * <p>Owns its descriptors and the engines that cuDNN offers for them.
 */
final class CudnnGraph implements AutoCloseable {
  /**
   * What is computed: y from x, dx from dy, dw from x and dy; weights take part in the first two.
   */
  enum Direction {
    FORWARD,
    DATA,
    WEIGHTS
  }

  /**
   * @param shape not transposed, equal padding before and after
   * @param pitch elements from a pixel of y (dy) to the next
   * @param residual forward: a tensor like y is added
   * @param bias forward: one number a channel is added
   * @param relu forward
   * @param accumulate DATA, WEIGHTS: the result is added to what is there
   * @param aligned whether all addresses are multiples of 16 bytes, else of 4
   */
  record Problem(
      Direction direction,
      Convolution shape,
      long rows,
      long pitch,
      boolean residual,
      boolean bias,
      boolean relu,
      boolean accumulate,
      boolean aligned) {
    String key() {
      String more =
          (residual ? " residual" : "")
              + (bias ? " bias" : "")
              + (relu ? " relu" : "")
              + (accumulate ? " accumulate" : "")
              + (aligned ? "" : " unaligned");
      return direction + " " + rows + " " + Arrays.toString(shape.shape()) + " " + pitch + more;
    }
  }

  /** Names of tensors in a variant pack. */
  static final long X = 'x';

  static final long W = 'w';
  static final long Y = 'y';
  static final long RESIDUAL = 'r';
  static final long BIAS = 'b';

  private static final int MODE_A = 3;
  private static final int MODE_FALLBACK = 2;
  private static final int NOTE_TENSOR_CORE = 0;
  private static final int NOTE_DOWN_CONVERT = 1;
  private static final int NOTE_NONDETERMINISTIC = 4;
  private static final int NOTES = 32;

  private final Cudnn cudnn;
  private final List<Descriptor> owned = new ArrayList<>();
  private final Descriptor graph;

  CudnnGraph(Cudnn cudnn, Problem p) {
    this.cudnn = cudnn;
    try {
      Convolution s = p.shape();
      Descriptor x = image(X, p, s.h(), s.w(), s.c(), s.c(), false);
      Descriptor w = weights(p);
      Descriptor y = image(Y, p, s.oh(), s.ow(), s.oc(), p.pitch(), false);
      Descriptor convolution = convolution(s);
      List<Descriptor> operations = new ArrayList<>();
      switch (p.direction()) {
        case FORWARD -> forward(p, convolution, x, w, y, operations);
        case DATA ->
            operations.add(
                operation(
                    Kind.OPERATION_CONVOLUTION_BACKWARD_DATA,
                    706,
                    new Descriptor[] {convolution, w, x, y},
                    p.accumulate()));
        case WEIGHTS ->
            operations.add(
                operation(
                    Kind.OPERATION_CONVOLUTION_BACKWARD_FILTER,
                    712,
                    new Descriptor[] {convolution, w, x, y},
                    p.accumulate()));
      }
      graph =
          own(Kind.OPERATIONGRAPH)
              .handle(800)
              .descriptors(801, operations.toArray(Descriptor[]::new))
              .finish();
    } catch (CandelaException e) {
      close();
      throw e;
    }
  }

  /**
   * Attributes of a convolution's three operations stand in one order: α, β, description, three
   * tensors.
   */
  private Descriptor operation(Kind kind, int first, Descriptor[] parts, boolean accumulate) {
    Descriptor operation = own(kind).number(first, 1).number(first + 1, accumulate ? 1 : 0);
    for (int i = 0; i < parts.length; i++) {
      operation.descriptors(first + 2 + i, parts[i]);
    }
    return operation.finish();
  }

  /** Sum, residual, bias, ReLU, in this order: what cuDNN's fused engines look for. */
  private void forward(
      Problem p,
      Descriptor convolution,
      Descriptor x,
      Descriptor w,
      Descriptor y,
      List<Descriptor> operations) {
    Convolution s = p.shape();
    int after = (p.residual() ? 1 : 0) + (p.bias() ? 1 : 0) + (p.relu() ? 1 : 0);
    long name = 1000;
    Descriptor value = after == 0 ? y : passing(name++, p);
    operations.add(
        operation(
            Kind.OPERATION_CONVOLUTION_FORWARD,
            700,
            new Descriptor[] {convolution, w, x, value},
            false));
    if (p.residual()) {
      Descriptor to = --after == 0 ? y : passing(name++, p);
      Descriptor other = image(RESIDUAL, p, s.oh(), s.ow(), s.oc(), s.oc(), false);
      operations.add(sum(value, other, to));
      value = to;
    }
    if (p.bias()) {
      Descriptor to = --after == 0 ? y : passing(name++, p);
      long c = s.oc();
      Descriptor bias = tensor(BIAS, new long[] {1, c, 1, 1}, new long[] {c, 1, c, c}, 4, false);
      operations.add(sum(value, bias, to));
      value = to;
    }
    if (p.relu()) {
      Descriptor relu = own(Kind.POINTWISE).choice(0, Cudnn.POINTWISE_MODE, 100);
      relu.choice(1, Cudnn.DATA_TYPE, 0).finish();
      operations.add(
          own(Kind.OPERATION_POINTWISE)
              .descriptors(750, relu)
              .descriptors(751, value)
              .descriptors(753, y)
              .finish());
    }
  }

  private Descriptor sum(Descriptor a, Descriptor b, Descriptor to) {
    Descriptor add = own(Kind.POINTWISE).choice(0, Cudnn.POINTWISE_MODE, 0);
    add.choice(1, Cudnn.DATA_TYPE, 0).finish();
    return own(Kind.OPERATION_POINTWISE)
        .descriptors(750, add)
        .descriptors(751, a)
        .descriptors(752, b)
        .descriptors(753, to)
        .finish();
  }

  private Descriptor passing(long name, Problem p) {
    Convolution s = p.shape();
    return image(name, p, s.oh(), s.ow(), s.oc(), s.oc(), true);
  }

  /** [n,c,h,w] as cuDNN counts, channels-last in memory. */
  private Descriptor image(long name, Problem p, int h, int w, int c, long pitch, boolean virtual) {
    long[] sizes = {p.rows(), c, h, w};
    long[] strides = {h * w * pitch, 1, w * pitch, pitch};
    return tensor(name, sizes, strides, p.aligned() ? 16 : 4, virtual);
  }

  private Descriptor weights(Problem p) {
    Convolution s = p.shape();
    long c = s.c() / s.groups();
    long[] sizes = {s.oc(), c, s.kh(), s.kw()};
    long[] strides = {s.kh() * s.kw() * c, 1, s.kw() * c, c};
    return tensor(W, sizes, strides, 16, false);
  }

  private Descriptor tensor(
      long name, long[] sizes, long[] strides, long alignment, boolean virtual) {
    return own(Kind.TENSOR)
        .choice(901, Cudnn.DATA_TYPE, 0)
        .longs(902, sizes)
        .longs(903, strides)
        .longs(906, name)
        .longs(900, alignment)
        .flag(907, virtual)
        .finish();
  }

  private Descriptor convolution(Convolution s) {
    return own(Kind.CONVOLUTION)
        .longs(106, 2)
        .choice(100, Cudnn.DATA_TYPE, 0)
        .choice(101, Cudnn.CONVOLUTION_MODE, 1)
        .longs(105, s.padTop(), s.padLeft())
        .longs(104, s.padBottom(), s.padRight())
        .longs(102, s.dilationH(), s.dilationW())
        .longs(103, s.strideH(), s.strideW())
        .finish();
  }

  private Descriptor own(Kind kind) {
    Descriptor d = cudnn.descriptor(kind);
    owned.add(d);
    return d;
  }

  /**
   * What cuDNN offers, its best guess first, without engines whose sums depend on the order of
   * threads, and without tensor cores where these are not wanted.
   */
  List<Descriptor> engines(boolean tensorCores) {
    List<Descriptor> found = new ArrayList<>();
    for (int mode : new int[] {MODE_A, MODE_FALLBACK}) {
      try {
        Descriptor heuristics =
            own(Kind.ENGINEHEUR)
                .descriptors(201, graph)
                .choice(200, Cudnn.HEUR_MODE, mode)
                .finish();
        int count = (int) heuristics.count(202, Cudnn.BACKEND_DESCRIPTOR);
        Descriptor[] configurations = new Descriptor[count];
        for (int i = 0; i < count; i++) {
          configurations[i] = own(Kind.ENGINECFG);
        }
        int filled = count == 0 ? 0 : heuristics.read(202, configurations);
        for (int i = 0; i < filled; i++) {
          if (fits(configurations[i], tensorCores)) {
            found.add(configurations[i]);
          }
        }
      } catch (CandelaException e) {
        continue; // no engine of this kind: the caller sees the empty list
      }
    }
    return found;
  }

  private boolean fits(Descriptor configuration, boolean tensorCores) {
    try (Descriptor engine = cudnn.descriptor(Kind.ENGINE)) {
      configuration.read(300, engine);
      for (int note : engine.readChoices(1303, Cudnn.NUMERICAL_NOTE, NOTES)) {
        if (note == NOTE_NONDETERMINISTIC) {
          return false;
        }
        if (!tensorCores && (note == NOTE_TENSOR_CORE || note == NOTE_DOWN_CONVERT)) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * A plan of one engine, which the caller closes before the graph.
   *
   * @throws CandelaException when cuDNN cannot make it after all
   */
  CudnnPlan plan(Descriptor engine) {
    Descriptor plan = cudnn.descriptor(Kind.EXECUTION_PLAN);
    try {
      plan.handle(400).descriptors(401, engine).finish();
      return new CudnnPlan(cudnn, plan, plan.readLong(402));
    } catch (CandelaException e) {
      plan.close();
      throw e;
    }
  }

  @Override
  public void close() {
    owned.reversed().forEach(Descriptor::close);
    owned.clear();
  }

  /** A plan ready to run. */
  record CudnnPlan(Cudnn cudnn, Descriptor plan, long workspaceBytes) implements AutoCloseable {
    void run(long[] names, MemorySegment[] tensors, MemorySegment workspace) {
      try (Descriptor pack = cudnn.descriptor(Kind.VARIANT_PACK)) {
        pack.longs(1000, names).pointers(1001, tensors).pointers(1003, workspace).finish();
        cudnn.execute(plan, pack);
      }
    }

    @Override
    public void close() {
      plan.close();
    }
  }
}
