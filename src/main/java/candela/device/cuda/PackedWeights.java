package candela.device.cuda;

import candela.device.Convert;
import candela.device.Dense.Convolution;
import candela.device.Memory;
import candela.device.Precision;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * The weights of a convolution as cuDNN and our own tiles take them: where they lie otherwise, in
 * 16 bits and in TF32 a copy. In TF32 it is rounded to that: our tiles take it as it is, and the
 * libraries' tensor cores, which round to nearest on a card where that was looked at, have nothing
 * left to round.
 */
final class PackedWeights implements AutoCloseable {
  private final CudaDense dense;
  private final Storage storage;
  private final Plain plain;
  private final MemorySegment given;
  private final boolean inPlace;
  private final boolean rounds;

  /** Null where those that are given do. */
  private final Memory packed;

  /**
   * @param given [oc,c/groups,kh,kw], float32; taken over by {@link #update}
   */
  PackedWeights(
      CudaDense dense, Storage storage, Convolution shape, Plain plain, MemorySegment given) {
    this.dense = dense;
    this.storage = storage;
    this.plain = plain;
    this.given = given;
    inPlace = shape.kh() * shape.kw() == 1 && plain.turned() == plain.weights();
    rounds = isFloat() && dense.device().precision() == Precision.TF32;
    packed =
        isFloat() && inPlace && !rounds
            ? null
            : dense.device().allocate(storage.bytes(plain.turned()));
  }

  private boolean isFloat() {
    return storage == Storage.FLOAT32;
  }

  /** Whether the weights that are given lie as cuDNN wants them already. */
  boolean areInPlace() {
    return inPlace;
  }

  MemorySegment segment() {
    return packed == null ? given : packed.segment();
  }

  /** After the given ones have changed, and before the first use. */
  void update() {
    MemorySegment turned = turned();
    Convert convert = dense.device().kernels().convert();
    if (rounds) {
      convert.roundTf32(plain.turned(), turned, segment());
    } else if (!isFloat()) {
      convert.convert(Storage.FLOAT32, storage, false, 1, plain.turned(), turned, segment());
    }
  }

  /** In float32, where cuDNN wants them. */
  private MemorySegment turned() {
    if (inPlace) {
      return given;
    }
    MemorySegment to = isFloat() ? segment() : dense.scratch(4 * plain.turned());
    if (!isFloat()) {
      dense.device().kernels().elementwise().fill(plain.turned(), 0, to);
    }
    plain.turn(false, false, given, to);
    return to;
  }

  @Override
  public void close() {
    if (packed != null) {
      packed.close();
    }
  }
}
