package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.Device;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * A convolution as cuDNN's engines take it: not transposed (the one that a transposed convolution
 * is the gradient of), and padded alike before and after. Where a model pads otherwise, its images
 * are put in the middle of larger ones first; where pixels have too few channels for tensor cores,
 * zeros are put behind them.
 *
 * <p>Weights are [oc,c/groups,kh,kw] of this convolution in both cases.
 */
record Plain(CudaDense dense, Storage storage, Convolution base, Convolution shape) {
  /** Bytes of channels that tensor cores read at a time. */
  private static final int WIDTH = 16;

  static Plain of(CudaDense dense, Storage storage, Convolution s) {
    Convolution base =
        s.transposed()
            ? with(
                s,
                s.oh(),
                s.ow(),
                s.oc(),
                s.c(),
                s.padTop(),
                s.padLeft(),
                s.padBottom(),
                s.padRight())
            : s;
    if (longer(base)) {
      base = capped(base);
    }
    if (base.padTop() != base.padBottom() || base.padLeft() != base.padRight()) {
      int h = base.h() + base.padTop() + base.padBottom();
      int w = base.w() + base.padLeft() + base.padRight();
      return new Plain(dense, storage, base, with(base, h, w, base.c(), base.oc(), 0, 0, 0, 0));
    }
    int least = WIDTH / storage.bytes();
    if (dense.tensorCores(storage) && base.groups() == 1 && base.c() < least) {
      return new Plain(
          dense,
          storage,
          base,
          with(
              base,
              base.h(),
              base.w(),
              least,
              base.oc(),
              base.padTop(),
              base.padLeft(),
              base.padBottom(),
              base.padRight()));
    }
    return new Plain(dense, storage, base, base);
  }

  /** Whether a stride leads beyond the padded image: only the first window counts then. */
  private static boolean longer(Convolution s) {
    return s.strideH() > s.h() + s.padTop() + s.padBottom()
        || s.strideW() > s.w() + s.padLeft() + s.padRight();
  }

  /** The same with strides that cuDNN's 32-bit arithmetic takes. */
  private static Convolution capped(Convolution s) {
    return new Convolution(
        s.h(),
        s.w(),
        s.c(),
        s.oc(),
        s.kh(),
        s.kw(),
        Math.min(s.strideH(), s.h() + s.padTop() + s.padBottom()),
        Math.min(s.strideW(), s.w() + s.padLeft() + s.padRight()),
        s.dilationH(),
        s.dilationW(),
        s.padTop(),
        s.padLeft(),
        s.padBottom(),
        s.padRight(),
        s.groups(),
        false,
        0,
        0);
  }

  private static Convolution with(
      Convolution s, int h, int w, int c, int oc, int top, int left, int bottom, int right) {
    return new Convolution(
        h,
        w,
        c,
        oc,
        s.kh(),
        s.kw(),
        s.strideH(),
        s.strideW(),
        s.dilationH(),
        s.dilationW(),
        top,
        left,
        bottom,
        right,
        s.groups(),
        false,
        0,
        0);
  }

  boolean pads() {
    return !base.equals(shape);
  }

  /** Bytes of working memory that padded images take from its start, rounded up. */
  long bytes(long rows) {
    return pads() ? (storage.bytes(inputs(rows)) + 63) / 64 * 64 : 0;
  }

  /** Elements of its images. */
  long inputs(long rows) {
    return rows * shape.h() * shape.w() * shape.c();
  }

  /** Elements of its results. */
  long outputs(long rows) {
    return rows * shape.oh() * shape.ow() * shape.oc();
  }

  private boolean widens() {
    return base.c() != shape.c();
  }

  private long pixels(long rows) {
    return rows * base.h() * base.w();
  }

  /** Images among zeros, in working memory; the images themselves where there is no need. */
  MemorySegment pad(long rows, MemorySegment x) {
    if (!pads()) {
      return x;
    }
    MemorySegment whole = dense.scratch(bytes(rows));
    if (widens()) {
      device().kernels().widen().widen(storage, pixels(rows), base.c(), shape.c(), x, whole);
      return whole;
    }
    device().kernels().elementwise().fill(storage, inputs(rows), 0, whole);
    move(false, rows, x, strides(base), whole.asSlice(offset()), strides(shape));
    return whole;
  }

  /** dx (+)= what of padded images is not padding. */
  void crop(long rows, boolean accumulate, MemorySegment whole, MemorySegment dx) {
    if (widens()) {
      device()
          .kernels()
          .widen()
          .narrow(storage, accumulate, pixels(rows), base.c(), shape.c(), whole, dx);
      return;
    }
    move(accumulate, rows, whole.asSlice(offset()), strides(shape), dx, strides(base));
  }

  private void move(
      boolean accumulate, long rows, MemorySegment x, int[] from, MemorySegment y, int[] to) {
    int[] dims = {Math.toIntExact(rows), base.h(), base.w() * base.c()};
    device().kernels().move().copyStrided(storage, accumulate, 3, dims, from, to, x, y);
  }

  private static int[] strides(Convolution s) {
    return new int[] {s.h() * s.w() * s.c(), s.w() * s.c(), 1};
  }

  private long offset() {
    return (long) storage.bytes() * (base.padTop() * shape.w() + base.padLeft()) * shape.c();
  }

  /** Elements of the model's weights. */
  long weights() {
    return (long) shape.oc() * (base.c() / base.groups()) * shape.kh() * shape.kw();
  }

  /** Elements of the weights as cuDNN has them; zeros behind few channels. */
  long turned() {
    return (long) shape.oc() * (shape.c() / shape.groups()) * shape.kh() * shape.kw();
  }

  /**
   * Turns weights, in float32, so that channels are neighbours, [oc,kh,kw,c/groups], which tensor
   * cores want; or back.
   */
  void turn(boolean back, boolean accumulate, MemorySegment from, MemorySegment to) {
    int c = base.c() / base.groups();
    int wide = shape.c() / shape.groups();
    int taps = shape.kh() * shape.kw();
    int[] dims = {shape.oc(), taps, c};
    int[] model = {c * taps, 1, taps};
    int[] cudnn = {taps * wide, wide, 1};
    device()
        .kernels()
        .move()
        .copyStrided(accumulate, 3, dims, back ? cudnn : model, back ? model : cudnn, from, to);
  }

  private Device device() {
    return dense.device();
  }
}
