package candela.device.cuda;

import candela.device.ConvolveFew;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Device;
import candela.device.Memory;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A convolution with few input channels, a network's first layer, in the way that was measured to
 * be the fastest: by cuDNN, whose tensor cores wait for channels that are not there, or by {@link
 * ConvolveFew}, whose do not. In float32 with factors rounded to TF32.
 */
final class FewChannels implements AutoCloseable {
  /** Part of the choices' names: another number when the ways change. */
  private static final int WAYS = 1;

  /** One way to write y, and bits where they are not NULL. */
  @FunctionalInterface
  interface Run {
    void run(long rows, MemorySegment x, MemorySegment y, MemorySegment bits);
  }

  private record Key(long rows, boolean aligned, boolean marks) {}

  private final CudaDense dense;
  private final Device device;
  private final Convolution shape;
  private final MemorySegment given;
  private final MemorySegment bias;
  private final Activation activation;
  private final long wide;
  private final Run library;
  private final Memory arranged;
  private final Map<Key, Run> chosen = new HashMap<>();

  /**
   * @param given the model's weights
   * @param bias [oc] or NULL
   * @param library how it is done otherwise
   */
  FewChannels(
      CudaDense dense,
      Convolution shape,
      MemorySegment given,
      MemorySegment bias,
      Activation activation,
      long wide,
      Run library) {
    this.dense = dense;
    this.device = dense.device();
    this.shape = shape;
    this.given = given;
    this.bias = bias;
    this.activation = activation;
    this.wide = wide;
    this.library = library;
    arranged = device.allocate(Float.BYTES * ConvolveFew.arranged(of(shape)));
    update();
  }

  static boolean fits(CudaDense dense, Storage storage, Convolution s, long wide) {
    return storage == Storage.FLOAT32
        && dense.tensorCores(storage)
        && !s.transposed()
        && s.groups() == 1
        && s.dilationH() * s.dilationW() == 1
        && s.c() <= ConvolveFew.MOST_CHANNELS
        && Math.max(s.kh(), s.kw()) <= ConvolveFew.MOST_TAPS
        && Math.max(s.strideH(), s.strideW()) <= ConvolveFew.MOST_STRIDE
        && Arrays.stream(shared(dense, 1, s, wide)).anyMatch(bytes -> bytes >= 0);
  }

  private static long[] shared(CudaDense dense, long rows, Convolution s, long wide) {
    return dense.device().kernels().convolveFew().convolveFewShared(rows, of(s), wide);
  }

  /** The shape as {@link ConvolveFew} takes it. */
  private static int[] of(Convolution s) {
    return new int[] {
      s.h(),
      s.w(),
      s.c(),
      s.oc(),
      s.kh(),
      s.kw(),
      s.strideH(),
      s.strideW(),
      s.padTop(),
      s.padLeft(),
      s.oh(),
      s.ow()
    };
  }

  /** After the weights have changed. */
  void update() {
    device.kernels().convolveFew().convolveFewWeights(of(shape), given, arranged.segment());
  }

  /** y[rows,oh,ow,oc] = activation of the convolution of x[rows,h,w,c], and its bits or NULL. */
  void run(long rows, MemorySegment x, MemorySegment y, MemorySegment bits) {
    boolean aligned = CudaDense.alignment(Storage.FLOAT32, 0, y, bias) == 16;
    Key key = new Key(rows, aligned, !bits.equals(MemorySegment.NULL));
    Run way = chosen.get(key);
    if (way == null) {
      way = choose(key, x, y, bits);
      chosen.put(key, way);
    }
    way.run(rows, x, y, bits);
  }

  /** Each way writes the same, so that they are measured where the result belongs. */
  private Run choose(Key key, MemorySegment x, MemorySegment y, MemorySegment bits) {
    List<Run> ways = ways(key);
    if (ways.size() == 1) {
      return library;
    }
    int best =
        dense.measured().best(name(key), ways.size(), i -> ways.get(i).run(key.rows(), x, y, bits));
    return best < 0 ? library : ways.get(best);
  }

  private String name(Key key) {
    return String.format(
        "FEW %d of %d %s %d activation %d%s%s",
        WAYS,
        key.rows(),
        Arrays.toString(shape.shape()),
        wide,
        activation.kind(),
        bias.equals(MemorySegment.NULL) ? "" : " bias",
        key.marks() ? " bits" : "");
  }

  /** All that do this one, in an order that does not change. */
  private List<Run> ways(Key key) {
    List<Run> ways = new ArrayList<>(List.of(library));
    long[] shared = shared(dense, key.rows(), shape, wide);
    for (int v = 0; key.aligned() && v < shared.length; v++) {
      if (shared[v] >= 0) {
        ways.add(byTiles(v));
      }
    }
    return ways;
  }

  private Run byTiles(int variant) {
    return (rows, x, y, bits) -> {
      var kernels = device.kernels();
      kernels
          .convolveFew()
          .convolveFew(variant, activation, rows, of(shape), wide, x, arranged.segment(), bias, y);
      if (activation.kind() != Activation.NONE.kind() && !bits.equals(MemorySegment.NULL)) {
        long n = (long) shape.oh() * shape.ow() * shape.oc();
        kernels
            .gate()
            .gateForward(Storage.FLOAT32, activation, false, rows, n, shape.oc(), wide, y, bits);
      }
    };
  }

  @Override
  public void close() {
    arranged.close();
  }
}
