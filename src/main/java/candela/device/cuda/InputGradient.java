package candela.device.cuda;

import candela.device.ConvertedConvolution;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Dense.Gating;
import candela.device.Device;
import candela.device.cuda.CudnnGraph.Direction;
import candela.device.cuda.CudnnGraph.Problem;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The gradient at the input of one convolution that is not transposed, in the way that was measured
 * to be the fastest: cuDNN's own, which may let it pass a ReLU, or cuBLASLt's for one tap; with
 * turned weights our own tiles, which let it pass the gating as they write, or cuDNN's convolution,
 * where it is one; for one tap that strides over pixels a product, put among zeros; for few
 * channels a kernel of their own.
 */
final class InputGradient implements AutoCloseable {
  private static final MemorySegment NONE = MemorySegment.NULL;

  /** Part of the choices' names: another number when the ways change. */
  private static final int WAYS = 6;

  /** Elements of a gradient from which a pass over it costs what cuDNN takes to compile another. */
  private static final long LARGE = 1L << 22;

  /** One way to write dx (+)= transpose on g. */
  @FunctionalInterface
  private interface Sum {
    /** Whether it could. */
    boolean run(long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx);
  }

  /** All of it. */
  @FunctionalInterface
  private interface Run {
    boolean run(
        long rows,
        MemorySegment g,
        long gWide,
        boolean accumulate,
        MemorySegment dx,
        Gating gating);
  }

  /**
   * One way to all of it.
   *
   * @param turns whether it takes turned weights
   */
  private record Way(boolean turns, Run run) {}

  private record Key(
      long rows, long gWide, boolean accumulate, int alignment, Activation activation) {}

  private final CudaDense dense;
  private final Device device;
  private final Storage storage;
  private final Convolution shape;
  private final Plain plain;
  private final Supplier<MemorySegment> weights;
  private final PreparedConvolutions prepared;
  private final Supplier<ConvertedConvolution> converted;
  private final CudaMatrix product;
  private final FoldedGradient folds;
  private final Tiles tiles;
  private final FewGradient few;
  private final TurnedWeights turned;
  private final CudaMatrix spread;
  private final Map<Key, Way> chosen = new HashMap<>();

  /**
   * @param weights as cuDNN takes them
   * @param given the model's weights, float32
   * @param product the convolution where it is one, else null
   * @param converted what to do where the libraries have nothing in 16 bits
   */
  InputGradient(
      CudaDense dense,
      Storage storage,
      Convolution shape,
      Plain plain,
      Supplier<MemorySegment> weights,
      MemorySegment given,
      PreparedConvolutions prepared,
      CudaMatrix product,
      Supplier<ConvertedConvolution> converted) {
    this.dense = dense;
    this.device = dense.device();
    this.storage = storage;
    this.shape = shape;
    this.plain = plain;
    this.weights = weights;
    this.prepared = prepared;
    this.product = product;
    this.converted = converted;
    try {
      folds =
          FoldedGradient.pays(dense, storage, shape)
              ? new FoldedGradient(dense, storage, shape, given)
              : null;
      few =
          product == null && FewGradient.fits(dense, storage, shape)
              ? new FewGradient(device, shape, given)
              : null;
      boolean whole = folds == null && !plain.pads();
      tiles =
          whole && Tiles.fit(dense, storage, shape) && Tiles.transpose(shape)
              ? new Tiles(dense, shape)
              : null;
      turned =
          tiles != null || whole && TurnedWeights.isConvolution(shape)
              ? new TurnedWeights(dense, storage, shape, given)
              : null;
      spread =
          whole
                  && product == null
                  && shape.kh() * shape.kw() == 1
                  && !shape.isPadded()
                  && shape.groups() == 1
              ? new CudaMatrix(
                  dense,
                  storage,
                  shape.c(),
                  shape.oc(),
                  true,
                  weights.get(),
                  NONE,
                  Activation.NONE,
                  shape.oc(),
                  1)
              : null;
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** After the weights have changed. */
  void update() {
    if (folds != null) {
      folds.update();
    }
    if (few != null) {
      few.update();
    }
    if (turned != null) {
      turned.update();
    }
  }

  /**
   * dx[rows,h,w,c] (+)= transpose of the convolution on g[rows,oh,ow,oc], through the gating.
   *
   * @param gWide elements from a pixel of g to the next: more than oc only for a product
   */
  void run(
      long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx, Gating gating) {
    int alignment = CudaDense.alignment(storage, gWide, g, dx, gating.values());
    Key key = new Key(rows, gWide, accumulate, alignment, gating.activation());
    if (!chosen.containsKey(key)) {
      chosen.put(key, choose(key, g, dx, gating));
      if (turned != null && chosen.values().stream().noneMatch(Way::turns)) {
        turned.close();
      }
    }
    if (!chosen.get(key).run().run(rows, g, gWide, accumulate, dx, gating)) {
      sifting(this::byLibrary).run(rows, g, gWide, accumulate, dx, gating);
    }
  }

  /** Elements of dx. */
  private long inputs(long rows) {
    return rows * shape.h() * shape.w() * shape.c();
  }

  private Way choose(Key key, MemorySegment g, MemorySegment dx, Gating gating) {
    List<Way> ways = ways(key);
    if (ways.size() == 1) {
      return ways.getFirst();
    }
    long bytes = storage.bytes(inputs(key.rows()));
    int best =
        dense
            .measured()
            .best(
                name(key),
                ways.size(),
                dx,
                bytes,
                (i, to) -> {
                  Run run = ways.get(i).run();
                  if (!run.run(key.rows(), g, key.gWide(), key.accumulate(), to, gating)) {
                    throw none();
                  }
                });
    if (best < 0) {
      throw none();
    }
    return ways.get(best);
  }

  private String name(Key key) {
    return String.format(
        "GRADIENT %d of %d %s %d %s%s%s%s%s",
        WAYS,
        key.rows(),
        Arrays.toString(shape.shape()),
        key.gWide(),
        storage,
        key.accumulate() ? " accumulate" : "",
        key.alignment() < 16 ? " unaligned" : "",
        key.activation().kind() == Activation.NONE.kind()
            ? ""
            : isFusedByLibrary(key) ? " gating relu" : " gating",
        turned == null || turned.isThere() ? "" : " late");
  }

  /** All that do this one, in an order that does not change. */
  private List<Way> ways(Key key) {
    List<Way> ways = new ArrayList<>(List.of(new Way(false, sifting(this::byLibrary))));
    boolean turns = turned != null && turned.isThere();
    if (turns && product == null && TurnedWeights.isConvolution(shape)) {
      ways.add(new Way(true, sifting(this::byTurning)));
    }
    if (isFusedByLibrary(key)) {
      ways.add(new Way(false, this::byGating));
    }
    if (spread != null) {
      ways.add(new Way(false, sifting(this::bySpreading)));
    }
    if (few != null && key.alignment() == 16) {
      ways.add(new Way(false, sifting(this::byFew)));
    }
    if (turns && tiles != null && key.alignment() == 16) {
      for (int v : tiles.transposedVariants(key.rows(), key.gWide())) {
        ways.add(new Way(true, byTiles(v)));
      }
    }
    return ways;
  }

  /** Where no tiles of our own do it: what cuDNN fuses it compiles first. */
  private boolean isFusedByLibrary(Key key) {
    return key.activation().kind() == Activation.RELU.kind()
        && !key.accumulate()
        && product == null
        && folds == null
        && tiles == null
        && !plain.pads()
        && dense.tensorCores(storage)
        && inputs(key.rows()) >= LARGE;
  }

  private Run sifting(Sum sum) {
    return (rows, g, gWide, accumulate, dx, gating) -> {
      if (!sum.run(rows, g, gWide, accumulate, dx)) {
        return false;
      }
      device.kernels().gate().gateSift(storage, gating, inputs(rows), dx);
      return true;
    };
  }

  /** As the libraries offer it. */
  private boolean byLibrary(
      long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx) {
    if (product != null) {
      product(rows, g, gWide, accumulate, dx);
    } else if (folds != null) {
      if (!folds.backward(rows, g, accumulate, dx)) {
        converted.get().transpose(rows, g, accumulate, dx);
      }
    } else if (plain.pads()) {
      cropped(rows, g, accumulate, dx);
    } else {
      plainly(rows, g, accumulate, dx);
    }
    return true;
  }

  private void product(
      long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx) {
    long pixels = rows * shape.oh() * shape.ow();
    if (product.transpose(pixels, gWide, g, accumulate, dx)) {
      return;
    }
    MemorySegment joined = g;
    if (gWide != shape.oc()) {
      joined = dense.gated(storage.bytes(pixels * shape.oc()));
      int oc = shape.oc();
      device.kernels().move().copyStrided(storage, false, pixels, oc, gWide, oc, g, joined);
    }
    converted.get().transpose(rows, joined, accumulate, dx);
  }

  private void cropped(long rows, MemorySegment g, boolean accumulate, MemorySegment dx) {
    MemorySegment whole = dense.scratch(plain.bytes(rows));
    if (prepared.run(problem(rows, false, whole, g), whole, weights.get(), g)) {
      plain.crop(rows, accumulate, whole, dx);
    } else {
      otherwise(rows, g, accumulate, dx);
    }
  }

  private void plainly(long rows, MemorySegment g, boolean accumulate, MemorySegment dx) {
    if (prepared.run(problem(rows, accumulate, dx, g), dx, weights.get(), g)) {
      return;
    }
    long n = inputs(rows);
    MemorySegment sum = accumulate ? dense.products(storage.bytes(n)) : NONE;
    if (accumulate && prepared.run(problem(rows, false, sum, g), sum, weights.get(), g)) {
      device.kernels().elementwise().add(storage, n, sum, dx, dx);
    } else {
      otherwise(rows, g, accumulate, dx);
    }
  }

  private Problem problem(long rows, boolean accumulate, MemorySegment dx, MemorySegment g) {
    return Problem.plain(Direction.DATA, plain.shape(), rows, accumulate, storage, dx, g);
  }

  private void otherwise(long rows, MemorySegment g, boolean accumulate, MemorySegment dx) {
    if (storage == Storage.FLOAT32) {
      throw none();
    }
    converted.get().transpose(rows, g, accumulate, dx);
  }

  private CandelaException none() {
    return CandelaException.of("%s has no engine for %s", dense.describe(), plain.shape());
  }

  private boolean byTurning(
      long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx) {
    Convolution back = turned.shape();
    Problem p = Problem.plain(Direction.FORWARD, back, rows, accumulate, storage, g, dx);
    return prepared.run(p, g, turned.weights(), dx);
  }

  /** The library lets the sum pass the ReLU. */
  private boolean byGating(
      long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx, Gating gating) {
    MemorySegment values = gating.values();
    Problem p = Problem.plain(Direction.DATA, plain.shape(), rows, false, storage, dx, g, values);
    return prepared.runGated(p.throughRelu(), dx, weights.get(), g, values);
  }

  private boolean byFew(
      long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx) {
    few.backward(rows, g, accumulate, dx);
    return true;
  }

  private Run byTiles(int variant) {
    return (rows, g, gWide, accumulate, dx, gating) -> {
      MemorySegment add = accumulate ? dx : NONE;
      tiles.runTransposed(variant, gating, rows, gWide, g, turned.weights(), add, dx);
      return true;
    };
  }

  private boolean bySpreading(
      long rows, MemorySegment g, long gWide, boolean accumulate, MemorySegment dx) {
    int c = shape.c();
    long pixels = rows * shape.oh() * shape.ow();
    MemorySegment few = dense.products(storage.bytes(pixels * c));
    if (!spread.transpose(pixels, gWide, g, false, few)) {
      return false;
    }
    if (!accumulate) {
      device.kernels().elementwise().fill(storage, inputs(rows), 0, dx);
    }
    int row = shape.w() * c;
    int[] dims = {Math.toIntExact(rows), shape.oh(), shape.ow(), c};
    int[] from = {shape.oh() * shape.ow() * c, shape.ow() * c, c, 1};
    int[] to = {shape.h() * row, shape.strideH() * row, shape.strideW() * c, 1};
    device.kernels().move().copyStrided(storage, accumulate, 4, dims, from, to, few, dx);
    return true;
  }

  @Override
  public void close() {
    if (folds != null) {
      folds.close();
    }
    if (few != null) {
      few.close();
    }
    if (turned != null) {
      turned.close();
    }
  }
}
