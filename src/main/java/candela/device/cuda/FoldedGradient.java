package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.Device;
import candela.device.Memory;
import candela.device.cuda.CublasLt.Epilogue;
import candela.device.cuda.CublasLt.Problem;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * The input gradient of a convolution with few input channels, as a product with all taps at once,
 * whose columns are then added where they belong: the tensor cores of cuDNN's engines wait for
 * channels that are not there. Measured on a network's first layer, 7×7 over three channels. In 16
 * bits each product is rounded as it is stored, their sum in float32 once more.
 */
final class FoldedGradient implements AutoCloseable {
  private static final int MOST_CHANNELS = 4;

  /** Below, a product is no faster. */
  private static final int LEAST_COLUMNS = 16;

  /** Of the product, which is there for some images at a time. */
  private static final long BYTES = 256 << 20;

  private final CudaDense dense;
  private final Device device;
  private final Storage storage;
  private final Convolution shape;
  private final MemorySegment given;
  private final Memory weights;
  private final int columns;

  FoldedGradient(CudaDense dense, Storage storage, Convolution shape, MemorySegment given) {
    this.dense = dense;
    this.device = dense.device();
    this.storage = storage;
    this.shape = shape;
    this.given = given;
    int width = 16 / storage.bytes();
    columns = (shape.kh() * shape.kw() * shape.c() + width - 1) / width * width;
    weights = device.allocate(storage.bytes((long) shape.oc() * columns));
    try {
      update();
    } catch (RuntimeException | Error e) {
      weights.close();
      throw e;
    }
  }

  static boolean pays(CudaDense dense, Storage storage, Convolution s) {
    return dense.tensorCores(storage)
        && !s.transposed()
        && s.groups() == 1
        && s.c() <= MOST_CHANNELS
        && s.oc() >= LEAST_COLUMNS
        && s.kh() * s.kw() > 1
        && s.kh() * s.kw() * s.c() >= LEAST_COLUMNS;
  }

  /** [oc,kh,kw,c] from the model's [oc,c,kh,kw], zeros behind. */
  void update() {
    int taps = shape.kh() * shape.kw();
    int c = shape.c();
    int[] dims = {shape.oc(), taps, c};
    long n = (long) shape.oc() * columns;
    MemorySegment to = weights.segment();
    if (storage != Storage.FLOAT32) {
      to = dense.scratch(4 * n);
      device.kernels().elementwise().fill(n, 0, to);
    }
    device
        .kernels()
        .move()
        .copyStrided(
            false, 3, dims, new int[] {c * taps, 1, taps}, new int[] {columns, c, 1}, given, to);
    if (storage != Storage.FLOAT32) {
      device
          .kernels()
          .convert()
          .convert(Storage.FLOAT32, storage, false, 1, n, to, weights.segment());
    }
  }

  /**
   * dx[rows,h,w,c] (+)= transpose of the convolution on dy[rows,oh,ow,oc].
   *
   * @return whether it could be done, as it always can in float32
   */
  boolean backward(long rows, MemorySegment dy, boolean accumulate, MemorySegment dx) {
    long pixels = (long) shape.oh() * shape.ow();
    long bytes = storage.bytes(rows * pixels * columns);
    long slices = (bytes + BYTES - 1) / BYTES;
    long most = (rows + slices - 1) / slices;
    int[] window = {
      shape.kh(),
      shape.kw(),
      shape.strideH(),
      shape.strideW(),
      shape.dilationH(),
      shape.dilationW(),
      shape.padTop(),
      shape.padLeft(),
      shape.oh(),
      shape.ow()
    };
    long image = (long) storage.bytes() * shape.h() * shape.w() * shape.c();
    MemorySegment none = MemorySegment.NULL;
    for (long from = 0; from < rows; from += most) {
      long n = Math.min(most, rows - from);
      MemorySegment g = dy.asSlice(storage.bytes(from * pixels * shape.oc()));
      MemorySegment p = dense.products(storage.bytes(n * pixels * columns));
      Problem problem =
          Problem.of(
              n * pixels,
              shape.oc(),
              columns,
              false,
              shape.oc(),
              columns,
              false,
              Epilogue.NONE,
              CudaDense.alignment(storage, shape.oc(), g, p),
              storage);
      if (!dense.tryProduct(problem, g, weights.segment(), p, p, none)) {
        if (storage == Storage.FLOAT32 || from > 0) {
          throw dense.noAlgorithm(problem);
        }
        return false;
      }
      device
          .kernels()
          .fold()
          .fold(
              storage,
              accumulate,
              n,
              shape.h(),
              shape.w(),
              shape.c(),
              window,
              columns,
              p,
              dx.asSlice(from * image));
    }
    return true;
  }

  @Override
  public void close() {
    weights.close();
  }
}
