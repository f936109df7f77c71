package candela.device.cuda;

import candela.device.Convert;
import candela.device.Convolve;
import candela.device.Dense.Convolution;
import candela.device.Device;
import candela.device.Memory;
import candela.device.Precision;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * The weights of a convolution, turned for its transpose: input and output channels change places,
 * taps are reversed. Where strides leave out pixels, those that other taps reach have weights of
 * their own, as {@link Convolve#convolveTransposed} takes them; with strides of 1 a convolution
 * with all of them is the transpose. In TF32 they are rounded to it. They take memory once they are
 * asked for, and are not there for who changes weights before: work that was recorded then would
 * not turn them.
 */
final class TurnedWeights implements AutoCloseable {
  private final CudaDense dense;
  private final Storage storage;
  private final Convolution from;
  private final MemorySegment given;
  private Memory memory;
  private boolean late;

  /**
   * @param given [oc,c/groups,kh,kw], float32
   */
  TurnedWeights(CudaDense dense, Storage storage, Convolution from, MemorySegment given) {
    this.dense = dense;
    this.storage = storage;
    this.from = from;
    this.given = given;
  }

  /** Whether the transpose is a convolution. */
  static boolean isConvolution(Convolution s) {
    return !s.transposed()
        && Math.max(s.strideH(), s.strideW()) == 1
        && reach(s.kh(), s.dilationH()) >= Math.max(s.padTop(), s.padBottom())
        && reach(s.kw(), s.dilationW()) >= Math.max(s.padLeft(), s.padRight());
  }

  private static int reach(int taps, int dilation) {
    return (taps - 1) * dilation;
  }

  /** The transpose, where it is a convolution. */
  Convolution shape() {
    int tall = reach(from.kh(), from.dilationH());
    int wide = reach(from.kw(), from.dilationW());
    return new Convolution(
        from.oh(),
        from.ow(),
        from.oc(),
        from.c(),
        from.kh(),
        from.kw(),
        1,
        1,
        from.dilationH(),
        from.dilationW(),
        tall - from.padTop(),
        wide - from.padLeft(),
        tall - from.padBottom(),
        wide - from.padRight(),
        from.groups(),
        false,
        0,
        0);
  }

  boolean isThere() {
    return memory != null || !late;
  }

  /** [c,kh,kw,oc/groups], or that of the taps for each pixel of a window of the strides. */
  MemorySegment weights() {
    if (memory == null) {
      Memory own = dense.device().allocate(storage.bytes(count()));
      try {
        turn(own.segment());
      } catch (RuntimeException | Error e) {
        own.close();
        throw e;
      }
      memory = own;
    }
    return memory.segment();
  }

  private long count() {
    return (long) from.c() * from.kh() * from.kw() * (from.oc() / from.groups());
  }

  /** After the weights have changed. */
  void update() {
    if (memory == null) {
      late = true;
    } else {
      turn(memory.segment());
    }
  }

  private void turn(MemorySegment turned) {
    Device device = dense.device();
    boolean whole = storage == Storage.FLOAT32;
    MemorySegment to = whole ? turned : dense.scratch(4 * count());
    MemorySegment next = to;
    for (int down = 0; down < from.strideH(); down++) {
      Taps tall = new Taps(down + from.padTop(), from.strideH(), from.kh());
      for (int across = 0; across < from.strideW(); across++) {
        Taps wide = new Taps(across + from.padLeft(), from.strideW(), from.kw());
        next = turn(tall, wide, next);
      }
    }
    Convert convert = device.kernels().convert();
    if (!whole) {
      convert.convert(Storage.FLOAT32, storage, false, 1, count(), to, turned);
    } else if (device.precision() == Precision.TF32) {
      convert.roundTf32(count(), to, to);
    }
  }

  /** The taps that reach every stride-th pixel from one on, which is `at` behind the padding. */
  private record Taps(int at, int stride, int kernel) {
    int first() {
      return at % stride;
    }

    int count() {
      return first() < kernel ? (kernel - first() + stride - 1) / stride : 0;
    }

    int last() {
      return first() + stride * (count() - 1);
    }
  }

  /** [groups,c,th,tw,oc] of these; what is behind them. */
  private MemorySegment turn(Taps tall, Taps wide, MemorySegment to) {
    int groups = from.groups();
    int c = from.c() / groups;
    int oc = from.oc() / groups;
    int taps = from.kh() * from.kw();
    int few = tall.count() * wide.count();
    if (few == 0) {
      return to;
    }
    int[] dims = {groups, c, tall.count(), wide.count(), oc};
    int[] model = {oc * c * taps, taps, -tall.stride() * from.kw(), -wide.stride(), c * taps};
    int[] turned = {c * few * oc, few * oc, wide.count() * oc, oc, 1};
    MemorySegment last = given.asSlice(4L * (tall.last() * from.kw() + wide.last()));
    dense.device().kernels().move().copyStrided(false, 5, dims, model, turned, last, to);
    return to.asSlice(4L * groups * c * few * oc);
  }

  /** Gives the memory back; it is taken again when they are asked for. */
  @Override
  public void close() {
    if (memory != null) {
      memory.close();
      memory = null;
    }
  }
}
