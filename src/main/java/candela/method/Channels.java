package candela.method;

import candela.device.Device;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** How the channels of an attribution become one value a pixel. */
public enum Channels {
  /** Signed sum: keeps completeness. */
  SUM(true),
  /** Sum of absolute values (PAIR's choice for gradients). */
  SUM_ABSOLUTE(false),
  /** Largest absolute value (Simonyan et al. 2013). */
  MAX_ABSOLUTE(false),
  /** Signed mean (the choice of SAM, Bansal et al. 2020). */
  MEAN(true);

  private final boolean signed;

  Channels(boolean signed) {
    this.signed = signed;
  }

  /** Whether the map has both signs. */
  public boolean signed() {
    return signed;
  }

  /** values[c,n] to map[n], both on the device: the bits of {@link #reduce(float[], int, int)}. */
  void reduce(Device device, MemorySegment values, int c, Tensor map) {
    device.kernels().reduce().reduceChannels(code(), c, map.count(), values, map.data());
  }

  /** Its number in the entries; AttributionTest compares the maps. */
  @SuppressWarnings("EnumOrdinal")
  private int code() {
    return ordinal();
  }

  /** values[c,n] to [n]. */
  float[] reduce(float[] values, int c, int n) {
    return switch (this) {
      case SUM -> sum(values, c, n, 1);
      case MEAN -> sum(values, c, n, c);
      case SUM_ABSOLUTE -> sumAbsolute(values, c, n);
      case MAX_ABSOLUTE -> maxAbsolute(values, c, n);
    };
  }

  private static float[] sum(float[] values, int c, int n, int by) {
    float[] map = new float[n];
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int at = i; at < c * n; at += n) {
        sum += values[at];
      }
      map[i] = (float) (sum / by);
    }
    return map;
  }

  private static float[] sumAbsolute(float[] values, int c, int n) {
    float[] map = new float[n];
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int at = i; at < c * n; at += n) {
        sum += Math.abs(values[at]);
      }
      map[i] = (float) sum;
    }
    return map;
  }

  private static float[] maxAbsolute(float[] values, int c, int n) {
    float[] map = new float[n];
    for (int k = 0; k < c; k++) {
      for (int i = 0; i < n; i++) {
        map[i] = Math.max(map[i], Math.abs(values[k * n + i]));
      }
    }
    return map;
  }
}
