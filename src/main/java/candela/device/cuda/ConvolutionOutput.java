package candela.device.cuda;

import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
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
 * What one convolution in float32 makes, with bias, residual and activation, in the way that was
 * measured to be the fastest: the libraries', our own tiles, or those for few channels.
 */
final class ConvolutionOutput {
  private static final MemorySegment NONE = MemorySegment.NULL;

  /** Part of the choices' names: another number when the ways change. */
  private static final int WAYS = 4;

  /** One way to write y, and bits unless they are NULL. */
  @FunctionalInterface
  interface Way {
    void run(
        long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits);
  }

  private record Key(long rows, boolean adds, boolean inPlace, boolean bits, int alignment) {}

  private final CudaDense dense;
  private final Convolution shape;
  private final Supplier<MemorySegment> weights;
  private final MemorySegment bias;
  private final Activation activation;
  private final long wide;
  private final Way libraries;
  private final Tiles tiles;
  private final FewChannels few;
  private final Map<Key, Way> chosen = new HashMap<>();

  /**
   * @param weights [oc,kh,kw,c]
   * @param wide elements from a pixel of y to the next
   * @param tiles null where x and the weights are not as they need them
   * @param few null where channels are not few
   */
  ConvolutionOutput(
      CudaDense dense,
      Convolution shape,
      Supplier<MemorySegment> weights,
      MemorySegment bias,
      Activation activation,
      long wide,
      Way libraries,
      Tiles tiles,
      FewChannels few) {
    this.dense = dense;
    this.shape = shape;
    this.weights = weights;
    this.bias = bias;
    this.activation = activation;
    this.wide = wide;
    this.libraries = libraries;
    this.tiles = tiles;
    this.few = few;
  }

  /**
   * y[rows,oh,ow,oc] = act(convolution of x[rows,h,w,c] + bias + residual).
   *
   * @param residual [rows,oh,ow,oc], maybe y, or NULL
   * @param bits of the activation, or NULL
   */
  void run(
      long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
    int alignment = CudaDense.alignment(Storage.FLOAT32, wide, x, weights.get(), bias, residual, y);
    boolean adds = !residual.equals(NONE);
    Key key = new Key(rows, adds, adds && residual.equals(y), !bits.equals(NONE), alignment);
    if (!chosen.containsKey(key)) {
      chosen.put(key, choose(key, x, residual, y, bits));
    }
    chosen.get(key).run(rows, x, residual, y, bits);
  }

  private Way choose(
      Key key, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
    List<Way> ways = ways(key);
    if (ways.size() == 1) {
      return libraries;
    }
    int best =
        dense
            .measured()
            .best(
                name(key),
                ways.size(),
                y,
                Storage.FLOAT32.bytes(key.rows() * shape.oh() * shape.ow() * wide),
                (i, to) -> ways.get(i).run(key.rows(), x, key.inPlace() ? to : residual, to, bits));
    if (best < 0) {
      throw CandelaException.of("%s has no engine for %s", dense.describe(), shape);
    }
    return ways.get(best);
  }

  /** All that do this one, in an order that does not change. */
  private List<Way> ways(Key key) {
    List<Way> ways = new ArrayList<>(List.of(libraries));
    if (key.alignment() == 16 && tiles != null && (!key.adds() || wide == shape.oc())) {
      for (int v : tiles.variants(key.rows(), shape.c(), wide)) {
        ways.add(byTiles(v));
      }
    }
    if (key.alignment() == 16 && few != null && !key.adds()) {
      for (int v : few.variants(key.rows(), wide)) {
        ways.add(byFew(v));
      }
    }
    return ways;
  }

  private String name(Key key) {
    return String.format(
        "OUTPUT %d of %d %s %d%s%s%s%s%s",
        WAYS,
        key.rows(),
        Arrays.toString(shape.shape()),
        wide,
        bias.equals(NONE) ? "" : " bias",
        key.inPlace() ? " in place" : key.adds() ? " residual" : "",
        activation.kind() == Activation.NONE.kind() ? "" : " activation " + activation.kind(),
        key.bits() ? " bits" : "",
        key.alignment() < 16 ? " unaligned" : "");
  }

  private Way byTiles(int variant) {
    return (rows, x, residual, y, bits) -> {
      MemorySegment w = weights.get();
      tiles.run(variant, activation, rows, shape.c(), wide, x, w, bias, residual, NONE, y);
      gate(rows, y, bits);
    };
  }

  private Way byFew(int variant) {
    return (rows, x, residual, y, bits) -> {
      few.run(variant, activation, rows, wide, x, bias, y);
      gate(rows, y, bits);
    };
  }

  /** The bits of what the activation left. */
  private void gate(long rows, MemorySegment y, MemorySegment bits) {
    if (!bits.equals(NONE)) {
      long n = (long) shape.oh() * shape.ow() * shape.oc();
      dense
          .device()
          .kernels()
          .gate()
          .gateForward(Storage.FLOAT32, activation, false, rows, n, shape.oc(), wide, y, bits);
    }
  }
}
