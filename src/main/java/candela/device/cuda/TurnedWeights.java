package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.Device;
import candela.device.Memory;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * The weights of a convolution whose strides are 1, turned so that a convolution with them is its
 * transpose: input and output channels change places, taps are reversed. They take memory once they
 * are asked for, and are not there for who changes weights before: work that was recorded then
 * would not turn them.
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

  static boolean fits(Convolution s) {
    return !s.transposed()
        && s.strideH() * s.strideW() == 1
        && reach(s.kh(), s.dilationH()) >= Math.max(s.padTop(), s.padBottom())
        && reach(s.kw(), s.dilationW()) >= Math.max(s.padLeft(), s.padRight());
  }

  private static int reach(int taps, int dilation) {
    return (taps - 1) * dilation;
  }

  /** The transpose as a convolution. */
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

  /** [c,kh,kw,oc/groups]. */
  MemorySegment weights() {
    if (memory == null) {
      memory = dense.device().allocate(storage.bytes(count()));
      turn();
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
      turn();
    }
  }

  private void turn() {
    Device device = dense.device();
    boolean whole = storage == Storage.FLOAT32;
    MemorySegment to = whole ? memory.segment() : dense.scratch(4 * count());
    int groups = from.groups();
    int c = from.c() / groups;
    int oc = from.oc() / groups;
    int taps = from.kh() * from.kw();
    int[] dims = {groups, c, taps, oc};
    int[] model = {oc * c * taps, taps, -1, c * taps};
    int[] turned = {c * taps * oc, taps * oc, oc, 1};
    MemorySegment last = given.asSlice(4L * (taps - 1));
    device.kernels().move().copyStrided(false, 4, dims, model, turned, last, to);
    if (!whole) {
      device
          .kernels()
          .convert()
          .convert(Storage.FLOAT32, storage, false, 1, count(), to, memory.segment());
    }
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
