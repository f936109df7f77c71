package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.cuda.Cudnn.Descriptor;
import candela.device.cuda.Cudnn.Kind;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
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
   * @param gated data: dx passes where a tensor like it, which a ReLU made, is above 0
   * @param accumulate the result is added to what is there; only with nothing fused
   * @param aligned whether all addresses are multiples of 16 bytes, else of an element's
   * @param storage of all tensors; sums are float32
   */
  record Problem(
      Direction direction,
      Convolution shape,
      long rows,
      long pitch,
      boolean residual,
      boolean bias,
      boolean relu,
      boolean gated,
      boolean accumulate,
      boolean aligned,
      Storage storage) {
    /** Nothing fused, all channels together. */
    static Problem plain(
        Direction direction,
        Convolution shape,
        long rows,
        boolean accumulate,
        Storage storage,
        MemorySegment... tensors) {
      boolean aligned = CudaDense.alignment(storage, 0, tensors) == 16;
      return new Problem(
          direction,
          shape,
          rows,
          shape.oc(),
          false,
          false,
          false,
          false,
          accumulate,
          aligned,
          storage);
    }

    /** The same through the ReLU that made x. */
    Problem throughRelu() {
      return new Problem(
          direction, shape, rows, pitch, residual, bias, relu, true, accumulate, aligned, storage);
    }

    /** Of what forward and backward write, which is not weights. */
    long resultBytes() {
      return storage.bytes(
          direction == Direction.DATA
              ? rows * shape.h() * shape.w() * shape.c()
              : rows * shape.oh() * shape.ow() * pitch);
    }

    String key() {
      String more =
          (residual ? " residual" : "")
              + (bias ? " bias" : "")
              + (relu ? " relu" : "")
              + (gated ? " gated" : "")
              + (accumulate ? " accumulate" : "")
              + (aligned ? "" : " unaligned")
              + (storage == Storage.FLOAT32 ? "" : " " + storage);
      return direction + " " + rows + " " + Arrays.toString(shape.shape()) + " " + pitch + more;
    }
  }

  /** Names of tensors in a variant pack. */
  static final long X = 'x';

  static final long W = 'w';
  static final long Y = 'y';
  static final long RESIDUAL = 'r';
  static final long BIAS = 'b';
  static final long GATE = 'g';

  /** Attributes (cudnnBackendAttributeName_t). */
  private static final int POINTWISE_MODE = 0;

  private static final int POINTWISE_PRECISION = 1;
  private static final int CONVOLUTION_PRECISION = 100;
  private static final int CONVOLUTION_MODE = 101;
  private static final int CONVOLUTION_DILATIONS = 102;
  private static final int CONVOLUTION_STRIDES = 103;
  private static final int CONVOLUTION_POST_PADDINGS = 104;
  private static final int CONVOLUTION_PRE_PADDINGS = 105;
  private static final int CONVOLUTION_SPATIAL_DIMS = 106;
  private static final int HEURISTICS_MODE = 200;
  private static final int HEURISTICS_GRAPH = 201;
  private static final int HEURISTICS_RESULTS = 202;
  private static final int CONFIGURATION_ENGINE = 300;
  private static final int PLAN_HANDLE = 400;
  private static final int PLAN_CONFIGURATION = 401;
  private static final int PLAN_WORKSPACE_BYTES = 402;
  private static final int FORWARD_ALPHA = 700;
  private static final int BACKWARD_DATA_ALPHA = 706;
  private static final int BACKWARD_FILTER_ALPHA = 712;
  private static final int OPERATION_POINTWISE = 750;
  private static final int OPERATION_X = 751;
  private static final int OPERATION_B = 752;
  private static final int OPERATION_Y = 753;
  private static final int OPERATION_DX = 756;
  private static final int OPERATION_DY = 757;
  private static final int GRAPH_HANDLE = 800;
  private static final int GRAPH_OPERATIONS = 801;
  private static final int TENSOR_ALIGNMENT = 900;
  private static final int TENSOR_DATA_TYPE = 901;
  private static final int TENSOR_DIMENSIONS = 902;
  private static final int TENSOR_STRIDES = 903;
  private static final int TENSOR_NAME = 906;
  private static final int TENSOR_VIRTUAL = 907;
  private static final int PACK_NAMES = 1000;
  private static final int PACK_POINTERS = 1001;
  private static final int PACK_WORKSPACE = 1003;
  private static final int ENGINE_NUMERICAL_NOTES = 1303;

  /** Values of enumerations. */
  private static final int FLOAT32 = 0;

  private static final int FLOAT16 = 2;
  private static final int BFLOAT16 = 9;

  private static final int CROSS_CORRELATION = 1;
  private static final int ADD = 0;
  private static final int RELU = 100;
  private static final int RELU_BACKWARD = 200;
  private static final int MODE_A = 3;
  private static final int MODE_FALLBACK = 2;
  private static final int NOTE_TENSOR_CORE = 0;
  private static final int NOTE_DOWN_CONVERT = 1;
  private static final int NOTE_REDUCED_SUMS = 2;
  private static final int NOTE_NONDETERMINISTIC = 4;
  private static final int NOTES = 32;

  private final Cudnn cudnn;
  private final Storage storage;
  private final List<Descriptor> owned = new ArrayList<>();
  private final Descriptor graph;

  CudnnGraph(Cudnn cudnn, Problem p) {
    this.cudnn = cudnn;
    storage = p.storage();
    try {
      Convolution s = p.shape();
      Descriptor x = image(X, p, s.h(), s.w(), s.c(), s.c(), false);
      Descriptor w = weights(p);
      Descriptor y = image(Y, p, s.oh(), s.ow(), s.oc(), p.pitch(), false);
      Descriptor convolution = convolution(s);
      List<Descriptor> operations = new ArrayList<>();
      switch (p.direction()) {
        case FORWARD -> forward(p, convolution, x, w, y, operations);
        case DATA -> data(p, convolution, x, w, y, operations);
        case WEIGHTS ->
            operations.add(
                operation(
                    Kind.OPERATION_CONVOLUTION_BACKWARD_FILTER,
                    BACKWARD_FILTER_ALPHA,
                    new Descriptor[] {convolution, w, x, y},
                    p.accumulate()));
      }
      graph =
          own(Kind.OPERATIONGRAPH)
              .handle(GRAPH_HANDLE)
              .descriptors(GRAPH_OPERATIONS, operations.toArray(Descriptor[]::new))
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
            FORWARD_ALPHA,
            new Descriptor[] {convolution, w, x, value},
            p.accumulate()));
    if (p.residual()) {
      Descriptor to = --after == 0 ? y : passing(name++, p);
      Descriptor other = image(RESIDUAL, p, s.oh(), s.ow(), s.oc(), s.oc(), false);
      operations.add(sum(value, other, to));
      value = to;
    }
    if (p.bias()) {
      Descriptor to = --after == 0 ? y : passing(name++, p);
      long c = s.oc();
      Descriptor bias =
          tensor(BIAS, new long[] {1, c, 1, 1}, new long[] {c, 1, c, c}, biasAlignment(), false);
      operations.add(sum(value, bias, to));
      value = to;
    }
    if (p.relu()) {
      operations.add(
          pointwise(RELU).descriptors(OPERATION_X, value).descriptors(OPERATION_Y, y).finish());
    }
  }

  /** The sum, then the ReLU that made x. */
  private void data(
      Problem p,
      Descriptor convolution,
      Descriptor x,
      Descriptor w,
      Descriptor y,
      List<Descriptor> operations) {
    Convolution s = p.shape();
    Descriptor value = p.gated() ? image(1000, p, s.h(), s.w(), s.c(), s.c(), true) : x;
    operations.add(
        operation(
            Kind.OPERATION_CONVOLUTION_BACKWARD_DATA,
            BACKWARD_DATA_ALPHA,
            new Descriptor[] {convolution, w, value, y},
            p.accumulate()));
    if (p.gated()) {
      operations.add(
          pointwise(RELU_BACKWARD)
              .descriptors(OPERATION_X, image(GATE, p, s.h(), s.w(), s.c(), s.c(), false))
              .descriptors(OPERATION_DY, value)
              .descriptors(OPERATION_DX, x)
              .finish());
    }
  }

  private Descriptor sum(Descriptor a, Descriptor b, Descriptor to) {
    return pointwise(ADD)
        .descriptors(OPERATION_X, a)
        .descriptors(OPERATION_B, b)
        .descriptors(OPERATION_Y, to)
        .finish();
  }

  private Descriptor pointwise(int mode) {
    Descriptor what = own(Kind.POINTWISE).choice(POINTWISE_MODE, Cudnn.POINTWISE_MODE, mode);
    what.choice(POINTWISE_PRECISION, Cudnn.DATA_TYPE, FLOAT32).finish();
    return own(Kind.OPERATION_POINTWISE).descriptors(OPERATION_POINTWISE, what);
  }

  private Descriptor passing(long name, Problem p) {
    Convolution s = p.shape();
    return image(name, p, s.oh(), s.ow(), s.oc(), s.oc(), true);
  }

  /** [n,c,h,w] as cuDNN counts, channels-last in memory. */
  private Descriptor image(long name, Problem p, int h, int w, int c, long pitch, boolean virtual) {
    long[] sizes = {p.rows(), c, h, w};
    long[] strides = {h * w * pitch, 1, w * pitch, pitch};
    return tensor(name, sizes, strides, p.aligned() ? 16 : virtual ? 4 : storage.bytes(), virtual);
  }

  private Descriptor weights(Problem p) {
    Convolution s = p.shape();
    long c = s.c() / s.groups();
    long[] sizes = {s.oc(), c, s.kh(), s.kw()};
    long[] strides = {s.kh() * s.kw() * c, 1, s.kw() * c, c};
    return tensor(W, sizes, strides, 16, false);
  }

  /** What passes from one operation to the next is float32. */
  private Descriptor tensor(
      long name, long[] sizes, long[] strides, long alignment, boolean virtual) {
    return own(Kind.TENSOR)
        .choice(TENSOR_DATA_TYPE, Cudnn.DATA_TYPE, virtual ? FLOAT32 : type())
        .longs(TENSOR_DIMENSIONS, sizes)
        .longs(TENSOR_STRIDES, strides)
        .longs(TENSOR_NAME, name)
        .longs(TENSOR_ALIGNMENT, alignment)
        .flag(TENSOR_VIRTUAL, virtual)
        .finish();
  }

  /** What is rounded to 16 bits has memory of its own. */
  private long biasAlignment() {
    return storage == Storage.FLOAT32 ? storage.bytes() : 16;
  }

  private int type() {
    return switch (storage) {
      case FLOAT32 -> FLOAT32;
      case BF16 -> BFLOAT16;
      case FP16 -> FLOAT16;
    };
  }

  private Descriptor convolution(Convolution s) {
    return own(Kind.CONVOLUTION)
        .longs(CONVOLUTION_SPATIAL_DIMS, 2)
        .choice(CONVOLUTION_PRECISION, Cudnn.DATA_TYPE, FLOAT32)
        .choice(CONVOLUTION_MODE, Cudnn.CONVOLUTION_MODE, CROSS_CORRELATION)
        .longs(CONVOLUTION_PRE_PADDINGS, s.padTop(), s.padLeft())
        .longs(CONVOLUTION_POST_PADDINGS, s.padBottom(), s.padRight())
        .longs(CONVOLUTION_DILATIONS, s.dilationH(), s.dilationW())
        .longs(CONVOLUTION_STRIDES, s.strideH(), s.strideW())
        .finish();
  }

  private Descriptor own(Kind kind) {
    Descriptor d = cudnn.descriptor(kind);
    owned.add(d);
    return d;
  }

  /**
   * What cuDNN offers, its best guess first, without engines whose sums depend on the order of
   * threads or are rounded to 16 bits, and without tensor cores where these are not wanted.
   */
  List<Descriptor> engines(boolean tensorCores) {
    List<Descriptor> found = new ArrayList<>();
    for (int mode : new int[] {MODE_A, MODE_FALLBACK}) {
      try {
        Descriptor heuristics =
            own(Kind.ENGINEHEUR)
                .descriptors(HEURISTICS_GRAPH, graph)
                .choice(HEURISTICS_MODE, Cudnn.HEUR_MODE, mode)
                .finish();
        int count = (int) heuristics.count(HEURISTICS_RESULTS, Cudnn.BACKEND_DESCRIPTOR);
        Descriptor[] configurations = new Descriptor[count];
        for (int i = 0; i < count; i++) {
          configurations[i] = own(Kind.ENGINECFG);
        }
        int filled = count == 0 ? 0 : heuristics.read(HEURISTICS_RESULTS, configurations);
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
      configuration.read(CONFIGURATION_ENGINE, engine);
      for (int note : engine.readChoices(ENGINE_NUMERICAL_NOTES, Cudnn.NUMERICAL_NOTE, NOTES)) {
        boolean reduced = note == NOTE_REDUCED_SUMS && storage != Storage.FLOAT32;
        if (note == NOTE_NONDETERMINISTIC || reduced) {
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
      plan.handle(PLAN_HANDLE).descriptors(PLAN_CONFIGURATION, engine).finish();
      return new CudnnPlan(cudnn, plan, plan.readLong(PLAN_WORKSPACE_BYTES));
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
        pack.longs(PACK_NAMES, names)
            .pointers(PACK_POINTERS, tensors)
            .pointers(PACK_WORKSPACE, workspace)
            .finish();
        cudnn.execute(plan, pack);
      }
    }

    @Override
    public void close() {
      plan.close();
    }
  }
}
