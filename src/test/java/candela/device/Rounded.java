package candela.device;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Values in 16 bits or in TF32, rounded by plain Java. */
final class Rounded {
  private Rounded() {}

  /** To nearest, ties to even. */
  static short bits(Storage type, float v) {
    if (type == Storage.FP16) {
      return Float.floatToFloat16(v);
    }
    int whole = Float.floatToRawIntBits(v);
    int down = whole & 0xffff0000;
    if (Float.isNaN(v)) {
      return (short) (down >>> 16 | 0x40);
    }
    if (Float.isInfinite(v)) {
      return (short) (down >>> 16);
    }
    double below = Math.abs((double) v - value(down));
    double above = Math.abs(value(down + 0x10000) - (double) v);
    boolean even = (down & 0x10000) == 0;
    boolean up = above < below || (above == below && !even);
    return (short) ((up ? down + 0x10000 : down) >>> 16);
  }

  /** With the number that comes after the largest in place of infinity. */
  private static double value(int bits) {
    float v = Float.intBitsToFloat(bits);
    return Float.isInfinite(v) ? Math.copySign(0x1p128, v) : v;
  }

  /** To the 11 significant bits of TF32; finite numbers. */
  static float[] tf32(float[] v) {
    float[] rounded = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      // In steps of 2^-10 of the power of two below it, or of those of the least normal number.
      double step = Math.scalb(0x1p-10, Math.max(Math.getExponent(v[i]), Float.MIN_EXPONENT));
      rounded[i] = (float) (Math.rint(v[i] / step) * step);
    }
    return rounded;
  }

  static float round(Storage type, float v) {
    return type == Storage.FLOAT32 ? v : type.decode(bits(type, v));
  }

  static float[] round(Storage type, float[] v) {
    float[] rounded = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      rounded[i] = round(type, v[i]);
    }
    return rounded;
  }

  /** On the device, in that type. */
  static MemorySegment in(Rig rig, Storage type, float... v) {
    if (type == Storage.FLOAT32) {
      return rig.in(v);
    }
    ByteBuffer bytes = ByteBuffer.allocate(2 * v.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float f : v) {
      bytes.putShort(bits(type, f));
    }
    return rig.in(bytes.array());
  }

  static MemorySegment in(Rig rig, short... bits) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * bits.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asShortBuffer().put(bits);
    return rig.in(bytes.array());
  }

  /** Room for a result. */
  static MemorySegment out(Rig rig, Storage type, int n) {
    return rig.bytes(type.bytes() * n);
  }

  static short[] raw(Rig rig, MemorySegment from) {
    byte[] bytes = rig.raw(from);
    short[] bits = new short[bytes.length / 2];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(bits);
    return bits;
  }

  static float[] read(Rig rig, Storage type, MemorySegment from) {
    if (type == Storage.FLOAT32) {
      return rig.floats(from);
    }
    short[] bits = raw(rig, from);
    float[] values = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = type.decode(bits[i]);
    }
    return values;
  }
}
