package candela.device.cuda;

import static candela.device.cuda.Foreign.I;
import static candela.device.cuda.Foreign.L;
import static candela.device.cuda.Foreign.P;

import candela.device.OutOfMemory;
import candela.device.Precision;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** cuBLASLt of CUDA 12 or 13: matrix products with what follows them. */
final class CublasLt implements AutoCloseable {
  /** What follows the sum (cublasLtEpilogue_t). */
  enum Epilogue {
    NONE(1),
    RELU(2),
    BIAS(4),
    RELU_BIAS(6);

    private final int code;

    Epilogue(int code) {
      this.code = code;
    }

    boolean biased() {
      return this == BIAS || this == RELU_BIAS;
    }
  }

  /**
   * d[batch,n,m] = epilogue(alpha · a[batch,n,k] · b[batch,k,m] + c), row-major.
   *
   * @param transA a is [k,n]
   * @param transB b is [m,k]
   * @param lda elements from a row of a to the next, ldb and ldd alike; c is laid out like d
   * @param strideA elements from a matrix to the next, 0 to repeat it
   * @param alignment bytes that all addresses are a multiple of
   * @param storage of all matrices and of the bias; sums are float32
   */
  record Problem(
      long batch,
      long n,
      long k,
      long m,
      boolean transA,
      boolean transB,
      long lda,
      long ldb,
      long ldd,
      long strideA,
      long strideB,
      long strideD,
      float alpha,
      boolean accumulate,
      Epilogue epilogue,
      int alignment,
      Storage storage) {
    /**
     * A product of two matrices, b's rows following each other.
     *
     * @param lda elements from a row of a to the next
     * @param ldd elements from a row of d to the next
     */
    static Problem of(
        long n,
        long k,
        long m,
        boolean transB,
        long lda,
        long ldd,
        boolean accumulate,
        Epilogue epilogue,
        int alignment,
        Storage storage) {
      long ldb = transB ? k : m;
      return new Problem(
          1,
          n,
          k,
          m,
          false,
          transB,
          lda,
          ldb,
          ldd,
          0,
          0,
          0,
          1,
          accumulate,
          epilogue,
          alignment,
          storage);
    }

    String key() {
      String all = toString().replace(", storage=" + Storage.FLOAT32, "");
      return all.replaceAll("[^0-9A-Za-z_=.]+", " ");
    }
  }

  /** Attributes (cublasLtMatmulDescAttributes_t, …LayoutAttribute_t, …PreferenceAttributes_t). */
  private static final int DESC_TRANS_A = 3;

  private static final int DESC_TRANS_B = 4;
  private static final int DESC_EPILOGUE = 7;
  private static final int DESC_BIAS_POINTER = 8;
  private static final int LAYOUT_BATCH_COUNT = 5;
  private static final int LAYOUT_BATCH_OFFSET = 6;
  private static final int PREFERENCE_WORKSPACE_BYTES = 1;
  private static final int PREFERENCE_REDUCTIONS = 3;
  private static final int PREFERENCE_ALIGNMENT_A = 5;
  private static final int PREFERENCE_ALIGNMENT_D = 8;

  private static final int ALLOCATION_FAILED = 3;

  private static final int OP_T = 1;
  private static final int R_32F = 0;
  private static final int R_16F = 2;
  private static final int R_16BF = 14;
  private static final int COMPUTE_32F = 68;
  private static final int COMPUTE_32F_BF16 = 75;
  private static final int COMPUTE_32F_TF32 = 77;

  /** Sums of parts that do not depend on the order of threads: none, or through the workspace. */
  private static final int REDUCTIONS = 2 | 4;

  /** The same without parts that are rounded to the result's type. */
  private static final int REDUCTIONS_IN_FLOAT32 = 2;

  /**
   * Bytes of cublasLtMatmulHeuristicResult_t: algorithm 64, workspace 8, state 4, waves 4, reserved
   * 16.
   */
  private static final long RESULT = 96;

  private static final int MOST = 8;

  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle version;
  private final MethodHandle statusString;
  private final MethodHandle descCreate;
  private final MethodHandle descDestroy;
  private final MethodHandle descSet;
  private final MethodHandle layoutCreate;
  private final MethodHandle layoutDestroy;
  private final MethodHandle layoutSet;
  private final MethodHandle preferenceCreate;
  private final MethodHandle preferenceDestroy;
  private final MethodHandle preferenceSet;
  private final MethodHandle heuristic;
  private final MethodHandle matmul;
  private final MemorySegment handle;

  CublasLt(Path file) {
    Foreign library = new Foreign(file);
    create = library.bind("cublasLtCreate", I, P);
    destroy = library.bind("cublasLtDestroy", I, P);
    version = library.bind("cublasLtGetVersion", L);
    statusString = library.bind("cublasLtGetStatusString", P, I);
    descCreate = library.bind("cublasLtMatmulDescCreate", I, P, I, I);
    descDestroy = library.bind("cublasLtMatmulDescDestroy", I, P);
    descSet = library.bind("cublasLtMatmulDescSetAttribute", I, P, I, P, L);
    layoutCreate = library.bind("cublasLtMatrixLayoutCreate", I, P, I, L, L, L);
    layoutDestroy = library.bind("cublasLtMatrixLayoutDestroy", I, P);
    layoutSet = library.bind("cublasLtMatrixLayoutSetAttribute", I, P, I, P, L);
    preferenceCreate = library.bind("cublasLtMatmulPreferenceCreate", I, P);
    preferenceDestroy = library.bind("cublasLtMatmulPreferenceDestroy", I, P);
    preferenceSet = library.bind("cublasLtMatmulPreferenceSetAttribute", I, P, I, P, L);
    heuristic = library.bind("cublasLtMatmulAlgoGetHeuristic", I, P, P, P, P, P, P, P, I, P, P);
    matmul = library.bind("cublasLtMatmul", I, P, P, P, P, P, P, P, P, P, P, P, P, P, P, L, P);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(P);
      check("cublasLtCreate", (int) Foreign.call(create, out));
      handle = out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** "13.2.1". */
  String version() {
    return Foreign.version(version);
  }

  /** Prepares a product; the caller closes it. */
  Product product(Problem problem, Precision precision, long workspaceBytes) {
    return new Product(problem, precision, workspaceBytes);
  }

  private static int compute(Problem p, Precision precision) {
    if (p.storage() != Storage.FLOAT32) {
      return COMPUTE_32F;
    }
    return switch (precision) {
      case FLOAT32 -> COMPUTE_32F;
      case TF32, FP16 -> COMPUTE_32F_TF32;
      case BF16 -> COMPUTE_32F_BF16;
    };
  }

  private static int type(Storage storage) {
    return switch (storage) {
      case FLOAT32 -> R_32F;
      case BF16 -> R_16BF;
      case FP16 -> R_16F;
    };
  }

  private void check(String call, int status) {
    if (status == 0) {
      return;
    }
    String text = Foreign.text((MemorySegment) Foreign.call(statusString, status));
    String message =
        String.format(Locale.ROOT, "cuBLASLt %s: %s: code %d, %s", version(), call, status, text);
    throw status == ALLOCATION_FAILED ? new OutOfMemory(message) : new CandelaException(message);
  }

  @Override
  public void close() {
    Foreign.call(destroy, handle);
  }

  /**
   * A product with the algorithms that cuBLASLt offers for it. cuBLASLt counts by columns: a
   * row-major d = a · b is its d' = b' · a', so that its A is our b.
   */
  final class Product implements AutoCloseable {
    private final Problem problem;
    private final Arena arena = Arena.ofShared();
    private final List<Runnable> frees = new ArrayList<>();
    private final MemorySegment desc;
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment d;
    private final MemorySegment alpha;
    private final MemorySegment beta;
    private final MemorySegment pointer;
    private final List<MemorySegment> algorithms = new ArrayList<>();
    private final List<Long> workspaces = new ArrayList<>();

    private Product(Problem p, Precision precision, long workspaceBytes) {
      problem = p;
      alpha = arena.allocateFrom(ValueLayout.JAVA_FLOAT, p.alpha());
      beta = arena.allocateFrom(ValueLayout.JAVA_FLOAT, p.accumulate() ? 1f : 0f);
      pointer = arena.allocate(P);
      try {
        MemorySegment out = arena.allocate(P);
        int compute = compute(p, precision);
        check("cublasLtMatmulDescCreate", (int) Foreign.call(descCreate, out, compute, R_32F));
        desc = out.get(ValueLayout.ADDRESS, 0);
        frees.add(() -> Foreign.call(descDestroy, desc));
        describe(DESC_TRANS_A, p.transB() ? OP_T : 0);
        describe(DESC_TRANS_B, p.transA() ? OP_T : 0);
        describe(DESC_EPILOGUE, p.epilogue().code);
        a = layout(p.transB() ? p.k() : p.m(), p.transB() ? p.m() : p.k(), p.ldb(), p.strideB());
        b = layout(p.transA() ? p.n() : p.k(), p.transA() ? p.k() : p.n(), p.lda(), p.strideA());
        d = layout(p.m(), p.n(), p.ldd(), p.strideD());
        find(workspaceBytes);
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    private void describe(int attribute, int value) {
      set(descSet, desc, attribute, arena.allocateFrom(ValueLayout.JAVA_INT, value), 4);
    }

    private void set(
        MethodHandle how, MemorySegment of, int attribute, MemorySegment value, long size) {
      check("attribute " + attribute, (int) Foreign.call(how, of, attribute, value, size));
    }

    private MemorySegment layout(long rows, long columns, long ld, long stride) {
      MemorySegment out = arena.allocate(P);
      check(
          "cublasLtMatrixLayoutCreate",
          (int) Foreign.call(layoutCreate, out, type(problem.storage()), rows, columns, ld));
      MemorySegment layout = out.get(ValueLayout.ADDRESS, 0);
      frees.add(() -> Foreign.call(layoutDestroy, layout));
      if (problem.batch() > 1) {
        int batch = Math.toIntExact(problem.batch());
        set(
            layoutSet,
            layout,
            LAYOUT_BATCH_COUNT,
            arena.allocateFrom(ValueLayout.JAVA_INT, batch),
            4);
        set(
            layoutSet,
            layout,
            LAYOUT_BATCH_OFFSET,
            arena.allocateFrom(ValueLayout.JAVA_LONG, stride),
            8);
      }
      return layout;
    }

    private void find(long workspaceBytes) {
      MemorySegment out = arena.allocate(P);
      check("cublasLtMatmulPreferenceCreate", (int) Foreign.call(preferenceCreate, out));
      MemorySegment preference = out.get(ValueLayout.ADDRESS, 0);
      try {
        set(
            preferenceSet,
            preference,
            PREFERENCE_WORKSPACE_BYTES,
            arena.allocateFrom(ValueLayout.JAVA_LONG, workspaceBytes),
            8);
        boolean whole = problem.storage() == Storage.FLOAT32;
        MemorySegment reductions =
            arena.allocateFrom(ValueLayout.JAVA_INT, whole ? REDUCTIONS : REDUCTIONS_IN_FLOAT32);
        set(preferenceSet, preference, PREFERENCE_REDUCTIONS, reductions, 4);
        MemorySegment alignment = arena.allocateFrom(ValueLayout.JAVA_INT, problem.alignment());
        for (int operand = PREFERENCE_ALIGNMENT_A; operand <= PREFERENCE_ALIGNMENT_D; operand++) {
          set(preferenceSet, preference, operand, alignment, 4);
        }
        MemorySegment results = arena.allocate(RESULT * MOST, 16);
        MemorySegment found = arena.allocate(I);
        int status =
            (int)
                Foreign.call(heuristic, handle, desc, a, b, d, d, preference, MOST, results, found);
        int n = status == 0 ? found.get(ValueLayout.JAVA_INT, 0) : 0;
        for (int i = 0; i < n; i++) {
          MemorySegment result = results.asSlice(i * RESULT, RESULT);
          if (result.get(ValueLayout.JAVA_INT, 72) == 0) {
            algorithms.add(result.asSlice(0, 64));
            workspaces.add(result.get(ValueLayout.JAVA_LONG, 64));
          }
        }
      } finally {
        Foreign.call(preferenceDestroy, preference);
      }
    }

    /** How many algorithms there are; 0 where cuBLASLt has none. */
    int algorithms() {
      return algorithms.size();
    }

    /**
     * @param c what d is added to, laid out like d; d itself unless the problem accumulates
     * @param bias one number a column, or NULL
     */
    void run(
        int algorithm,
        MemorySegment left,
        MemorySegment right,
        MemorySegment c,
        MemorySegment to,
        MemorySegment bias,
        MemorySegment workspace,
        MemorySegment stream) {
      if (problem.epilogue().biased()) {
        point(bias);
      }
      int status =
          (int)
              Foreign.call(
                  matmul,
                  handle,
                  desc,
                  alpha,
                  right,
                  a,
                  left,
                  b,
                  beta,
                  c,
                  d,
                  to,
                  d,
                  algorithms.get(algorithm),
                  workspace,
                  workspaces.get(algorithm),
                  stream);
      check("cublasLtMatmul", status);
    }

    private void point(MemorySegment bias) {
      pointer.set(ValueLayout.ADDRESS, 0, bias);
      set(descSet, desc, DESC_BIAS_POINTER, pointer, 8);
    }

    @Override
    public void close() {
      frees.reversed().forEach(Runnable::run);
      frees.clear();
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
