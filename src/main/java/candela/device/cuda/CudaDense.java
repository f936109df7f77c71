package candela.device.cuda;

import candela.device.Choices;
import candela.device.ConvertedConvolution;
import candela.device.Dense;
import candela.device.Device;
import candela.device.OutOfMemory;
import candela.device.Precision;
import candela.device.Reduction;
import candela.device.Scratch;
import candela.device.UserCache;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Convolutions by cuDNN, matrix products and 1×1 convolutions by cuBLASLt.
 *
 * <p>Owns what it prepared. For the thread that uses the device.
 */
final class CudaDense implements Dense, AutoCloseable {
  /** What cuBLAS recommends on Hopper. */
  private static final long PRODUCT_WORKSPACE = 32 << 20;

  /** Engines that are compared of what cuDNN compiles when it plans it, in up to a second each. */
  private static final int FUSED = 2;

  private final Device device;
  private final boolean tensorCores;
  private final CublasLt cublas;
  private final Cudnn cudnn;
  private final Choices choices;
  private final Measured measured;
  private final Scratch values;
  private final Scratch workspace;
  private final Scratch columns;
  private final Scratch conversions;
  private final Scratch gates;
  private final Map<CublasLt.Problem, RunningProduct> products = new HashMap<>();

  private CudaStream stream;

  CudaDense(Device device, CudaStream stream, int card) {
    this.device = device;
    this.stream = stream;
    tensorCores = device.precision() != Precision.FLOAT32;
    CudaLibraries libraries = CudaLibraries.ofThisProcess();
    try {
      cublas = new CublasLt(libraries.cublasLt()); // cuDNN looks for it, too
      cudnn = new Cudnn(libraries.cudnn(), stream.address());
      String machine =
          String.join(
              " ", Cards.describe(card), Cards.driver(), describe(), device.precision().toString());
      choices = new Choices(UserCache.folder().resolve("cuda"), machine);
    } catch (RuntimeException | Error e) {
      closeLibraries();
      throw e;
    }
    measured = new Measured(device, stream, choices);
    values = new Scratch(device);
    workspace = new Scratch(device);
    columns = new Scratch(device);
    conversions = new Scratch(device);
    gates = new Scratch(device);
  }

  /** Queues what follows on this stream. */
  void on(CudaStream stream) {
    if (stream != this.stream) {
      cudnn.on(stream.address());
      this.stream = stream;
    }
  }

  /** Gives what follows the working memory of this lane. */
  void lane(int lane) {
    List.of(values, workspace, columns, conversions, gates).forEach(s -> s.lane(lane));
  }

  /** "cuDNN 9.10.2, cuBLASLt 13.0.0". */
  String describe() {
    return "cuDNN " + cudnn.version() + ", cuBLASLt " + cublas.version();
  }

  Choices choices() {
    return choices;
  }

  Measured measured() {
    return measured;
  }

  @Override
  public boolean isGating() {
    return true;
  }

  Device device() {
    return device;
  }

  /** Whether tensor cores may multiply what is held so: float32 factors are rounded to TF32. */
  boolean tensorCores(Storage storage) {
    return tensorCores || storage != Storage.FLOAT32;
  }

  /** Working memory for values that one operator hands from one of its steps to the next. */
  MemorySegment scratch(long bytes) {
    return values.bytes(bytes);
  }

  /** Working memory for a result that is read at once, beside that of {@link #scratch}. */
  MemorySegment products(long bytes) {
    return columns.bytes(bytes);
  }

  /** The same convolution between conversions, for what the libraries have no engine for. */
  ConvertedConvolution converted(
      Storage storage,
      Convolution shape,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      long wide) {
    return new ConvertedConvolution(
        device, conversions, storage, shape, weights, bias, activation, wide, true);
  }

  /**
   * Working memory for a gradient in 16 bits that is read again after others have used theirs: what
   * converts it runs another convolution.
   */
  MemorySegment gated(long bytes) {
    return gates.bytes(bytes);
  }

  @Override
  public ConvolutionPlan convolution(
      Convolution shape,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      boolean residual,
      long wide,
      boolean exact,
      Storage storage) {
    Sizes.check(shape, activation);
    return new CudaConvolution(this, storage, shape, weights, bias, activation, wide);
  }

  @Override
  public MatrixPlan matrix(
      long k,
      long n,
      boolean transposed,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      long group) {
    Sizes.check(k, n, activation, group);
    return new CudaMatrix(
        this, Storage.FLOAT32, k, n, transposed, weights, bias, activation, n, group);
  }

  @Override
  public void multiply(
      long batch,
      long m,
      long k,
      long n,
      boolean transA,
      boolean transB,
      long aStride,
      long bStride,
      float alpha,
      boolean accumulate,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c) {
    if (batch == 0 || m == 0 || n == 0) {
      return;
    }
    if (k == 0) {
      if (!accumulate) {
        device.kernels().elementwise().fill(batch * m * n, 0, c);
      }
      return;
    }
    CublasLt.Problem problem =
        new CublasLt.Problem(
            batch,
            m,
            k,
            n,
            transA,
            transB,
            transA ? m : k,
            transB ? k : n,
            n,
            aStride,
            bStride,
            m * n,
            alpha,
            accumulate,
            CublasLt.Epilogue.NONE,
            alignment(Storage.FLOAT32, batch == 1 ? 0 : aStride | bStride | m * n, a, b, c),
            Storage.FLOAT32);
    MemorySegment none = MemorySegment.NULL;
    product(problem, a, b, c, c, none);
  }

  @Override
  public ConvolutionWeights convolutionWeights(Convolution shape) {
    Sizes.check(shape, Activation.NONE);
    return new CudaConvolutionWeights(this, shape);
  }

  @Override
  public void matrixWeights(
      long m,
      long k,
      long n,
      boolean transposed,
      MemorySegment x,
      MemorySegment dy,
      boolean accumulate,
      MemorySegment dweights,
      boolean accumulateBias,
      MemorySegment dbias) {
    if (transposed) {
      multiply(1, n, m, k, true, false, 0, 0, 1, accumulate, dy, x, dweights);
    } else {
      multiply(1, k, m, n, true, false, 0, 0, 1, accumulate, x, dy, dweights);
    }
    columns(m, n, dy, accumulateBias, dbias);
  }

  /** sum[n] (+)= sum over rows of x[m,n]; sum may be NULL. */
  void columns(long m, long n, MemorySegment x, boolean accumulate, MemorySegment sum) {
    if (sum.equals(MemorySegment.NULL) || n == 0) {
      return;
    }
    MemorySegment to = accumulate ? scratch(n * 4) : sum;
    device.kernels().reduce().reduceForward(Reduction.SUM, 1, m, n, x, to);
    if (accumulate) {
      device.kernels().elementwise().add(n, to, sum, sum);
    }
  }

  /** Bytes, at most 16, that all these addresses and so many elements are multiples of. */
  static int alignment(Storage storage, long elements, MemorySegment... at) {
    long low = storage.bytes(elements) | 16;
    for (MemorySegment m : at) {
      low |= m.address();
    }
    return (int) Long.lowestOneBit(low);
  }

  /** A product with its chosen algorithm. */
  private record RunningProduct(CublasLt.Product product, int algorithm) {}

  /**
   * Runs d = epilogue(a · b + c).
   *
   * @param c what is added, laid out like d; d unless the problem accumulates
   */
  void product(
      CublasLt.Problem problem,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      MemorySegment bias) {
    if (!tryProduct(problem, a, b, c, d, bias)) {
      throw noAlgorithm(problem);
    }
  }

  CandelaException noAlgorithm(CublasLt.Problem problem) {
    return CandelaException.of("cuBLASLt %s: no algorithm for %s", cublas.version(), problem);
  }

  /** The same where cuBLASLt has an algorithm; false, and nothing done, where it has none. */
  boolean tryProduct(
      CublasLt.Problem problem,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      MemorySegment bias) {
    MemorySegment work = workspace.bytes(PRODUCT_WORKSPACE);
    if (!products.containsKey(problem)) {
      products.put(problem, prepare(problem, a, b, c, d, bias, work));
    }
    RunningProduct running = products.get(problem);
    if (running == null) {
      return false;
    }
    running.product().run(running.algorithm(), a, b, c, d, bias, work, stream.address());
    return true;
  }

  /**
   * Tries the algorithms on a result of its own: what is there may be added to.
   *
   * @return null where there is none
   */
  private RunningProduct prepare(
      CublasLt.Problem problem,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      MemorySegment bias,
      MemorySegment work) {
    long size = (problem.batch() - 1) * problem.strideD() + (problem.n() - 1) * problem.ldd();
    long bytes = problem.storage().bytes(size + problem.m());
    for (Precision precision : precisions(problem)) {
      CublasLt.Product product = cublas.product(problem, precision, PRODUCT_WORKSPACE);
      int algorithm = -1;
      try {
        algorithm =
            measured.best(
                problem.key(),
                product.algorithms(),
                d,
                bytes,
                (i, to) -> {
                  MemorySegment from = problem.accumulate() ? c : to;
                  product.run(i, a, b, from, to, bias, work, stream.address());
                });
      } finally {
        if (algorithm < 0) {
          product.close();
        }
      }
      if (algorithm >= 0) {
        return new RunningProduct(product, algorithm);
      }
    }
    return null;
  }

  /** What is asked of cuBLASLt, the next where it has no algorithm that rounds so far. */
  private List<Precision> precisions(CublasLt.Problem problem) {
    return device.precision() == Precision.BF16 && problem.storage() == Storage.FLOAT32
        ? List.of(Precision.BF16, Precision.TF32)
        : List.of(device.precision());
  }

  /** A convolution with its chosen engine. The caller closes it. */
  record RunningConvolution(CudnnGraph graph, CudnnGraph.CudnnPlan plan, long[] names)
      implements AutoCloseable {
    @Override
    public void close() {
      plan.close();
      graph.close();
    }
  }

  /**
   * Chooses an engine, trying them on a result of its own.
   *
   * @param names of the tensors
   * @param result which of them is written, and has so many bytes
   * @return null where cuDNN has none
   */
  RunningConvolution prepare(
      CudnnGraph.Problem problem, long[] names, MemorySegment[] tensors, int result, long bytes) {
    CudnnGraph graph;
    try {
      graph = new CudnnGraph(cudnn, problem);
    } catch (OutOfMemory e) {
      throw e;
    } catch (CandelaException e) {
      return null; // refused as a whole: the caller goes step by step
    }
    List<CudnnGraph.CudnnPlan> plans = new ArrayList<>();
    CudnnGraph.CudnnPlan chosen = null;
    try {
      chosen = choose(graph, plans, problem, names, tensors, result, bytes);
      return chosen == null ? null : new RunningConvolution(graph, chosen, names);
    } finally {
      for (CudnnGraph.CudnnPlan plan : plans) {
        if (plan != null && plan != chosen) {
          plan.close();
        }
      }
      if (chosen == null) {
        graph.close();
      }
    }
  }

  /**
   * The best of a graph's plans, null where there is none.
   *
   * @param plans hears of all that are made, at their engines' places
   */
  private CudnnGraph.CudnnPlan choose(
      CudnnGraph graph,
      List<CudnnGraph.CudnnPlan> plans,
      CudnnGraph.Problem problem,
      long[] names,
      MemorySegment[] tensors,
      int result,
      long bytes) {
    List<Cudnn.Descriptor> engines = graph.engines(tensorCores(problem.storage()));
    int there = engines.size();
    plans.addAll(Collections.nCopies(there, null));
    int best =
        measured.best(
            measured.among(problem.key(), there),
            there,
            problem.gated() ? Math.min(FUSED, there) : measured.compared(there),
            tensors[result],
            bytes,
            (i, to) -> {
              if (plans.get(i) == null) {
                plans.set(i, graph.plan(engines.get(i)));
              }
              MemorySegment[] trial = tensors.clone();
              trial[result] = to;
              run(plans.get(i), names, trial);
            });
    if (best >= 0 && plans.get(best) == null) {
      plans.set(best, graph.plan(engines.get(best)));
    }
    return best < 0 ? null : plans.get(best);
  }

  void run(RunningConvolution convolution, MemorySegment[] tensors) {
    run(convolution.plan(), convolution.names(), tensors);
  }

  private void run(CudnnGraph.CudnnPlan plan, long[] names, MemorySegment[] tensors) {
    plan.run(names, tensors, workspace.bytes(Math.max(plan.workspaceBytes(), 1)));
  }

  @Override
  public void close() {
    products.values().stream().filter(p -> p != null).forEach(p -> p.product().close());
    products.clear();
    values.close();
    workspace.close();
    columns.close();
    conversions.close();
    gates.close();
    closeLibraries();
  }

  private void closeLibraries() {
    if (cudnn != null) {
      cudnn.close();
    }
    if (cublas != null) {
      cublas.close();
    }
  }
}
