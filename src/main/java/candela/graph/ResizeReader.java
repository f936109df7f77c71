package candela.graph;

import candela.graph.op.AlongAxis;
import candela.graph.op.Where;
import candela.onnx.OnnxAttribute;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reader of Resize and Upsample: weighted sums along one axis after another. */
final class ResizeReader {
  private final Call c;
  private final String mode;
  private final String where;
  private final String nearest;
  private final double a;
  private final boolean exclude;
  private final boolean antialias;

  private ResizeReader(Call c, boolean old) {
    this.c = c;
    mode = c.text("mode", "nearest");
    where = old ? "asymmetric" : c.text("coordinate_transformation_mode", "half_pixel");
    nearest = old ? "by_direction" : c.text("nearest_mode", "round_prefer_floor");
    a = old ? 0 : c.real("cubic_coeff_a", -.75f);
    exclude = !old && c.integer("exclude_outside", 0) != 0;
    antialias = !old && c.integer("antialias", 0) != 0;
  }

  static Value upsample(Call c) {
    return new ResizeReader(c, true).run(scales(c, 1), null, null, null, "stretch", 0);
  }

  static Value resize(Call c) {
    if (c.opset() < 11) {
      return upsample(c);
    }
    long[] sizes = c.longs(3, "sizes");
    long[] axes = c.integers("axes");
    if (sizes != null && axes.length == 0 && c.images(0) == 0) {
      sizes = sizes.clone();
      sizes[0] = c.x(0).shape().dim(0);
    }
    float[] roi = c.has(1) && c.x(1).shape().count() > 0 ? c.constant(1, "roi").floats() : null;
    String policy = c.text("keep_aspect_ratio_policy", "stretch");
    float outside = c.real("extrapolation_value", 0);
    return new ResizeReader(c, false)
        .run(sizes == null ? scales(c, 2) : null, sizes, axes, roi, policy, outside);
  }

  private static float[] scales(Call c, int i) {
    if (c.attribute("scales") instanceof OnnxAttribute.Floats f) {
      float[] s = new float[f.values().size()];
      for (int k = 0; k < s.length; k++) {
        s[k] = f.values().get(k);
      }
      return s;
    }
    if (!c.has(i)) {
      throw CandelaException.of("neither sizes nor scales are given");
    }
    return c.constant(i, "scales").floats();
  }

  private Value run(
      float[] scales, long[] sizes, long[] given, float[] roi, String policy, float outside) {
    Shape x = c.x(0).shape();
    int n = scales == null ? sizes.length : scales.length;
    boolean all = given == null || given.length == 0;
    if (n != (all ? x.rank() : given.length) || (roi != null && roi.length != 2 * n)) {
      throw CandelaException.of(
          "one scale or size, and two of roi, expected for each of %d axes, got %d and %s",
          all ? x.rank() : given.length, n, roi == null ? "none" : roi.length);
    }
    int[] axes = new int[n];
    boolean[] taken = new boolean[x.rank()];
    double common = policy.equals("not_larger") ? Double.POSITIVE_INFINITY : 0;
    for (int i = 0; i < n; i++) {
      axes[i] = all ? i : Call.axis(given[i], x.rank());
      if (taken[axes[i]]) {
        throw CandelaException.of("axis %d is given twice", axes[i]);
      }
      taken[axes[i]] = true;
      if (sizes != null) {
        double s = (double) sizes[i] / x.dim(axes[i]);
        common = policy.equals("not_larger") ? Math.min(common, s) : Math.max(common, s);
      }
    }
    double[] by = new double[n];
    int[] target = x.dims();
    for (int i = 0; i < n; i++) {
      int in = x.dim(axes[i]);
      double scale = scales != null ? scales[i] : (double) sizes[i] / in;
      scale = sizes != null && !policy.equals("stretch") ? common : scale;
      // in float32, in which 5 · 1.4 is 7
      double wide = scales != null ? Math.floor(in * scales[i]) : sizes[i];
      wide = sizes != null && !policy.equals("stretch") ? Math.floor(in * scale + .5) : wide;
      if (in < 1 || !(scale > 0) || !(wide >= 1) || wide > 1 << 16) {
        throw CandelaException.of(
            "axis %d of length %d cannot become %.0f long", axes[i], in, wide);
      }
      by[i] = scale;
      target[axes[i]] = (int) wide;
    }
    Shape.of(target); // before tables are made for it
    Value y = c.x(0);
    List<Value> masks = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int in = x.dim(axes[i]);
      int out = target[axes[i]];
      double scale = by[i];
      double from = roi == null ? 0 : roi[i];
      double to = roi == null ? 1 : roi[n + i];
      if (!Double.isFinite(from) || !Double.isFinite(to)) {
        throw CandelaException.of("the roi must be finite numbers, is %s", Arrays.toString(roi));
      }
      if (out == in && scale == 1 && (roi == null || !where.equals("tf_crop_and_resize"))) {
        continue;
      }
      long[] inside = new long[out];
      y = c.add(taps(axes[i], in, out, scale, from, to, inside), y);
      if (where.equals("tf_crop_and_resize") && Arrays.stream(inside).anyMatch(k -> k == 0)) {
        int[] d = new int[x.rank()];
        Arrays.fill(d, 1);
        d[axes[i]] = out;
        masks.add(c.of(Shape.of(d), inside));
      }
    }
    for (Value mask : masks) {
      int[] one = new int[x.rank()];
      Arrays.fill(one, 1);
      y = c.add(new Where(), mask, y, c.of(Shape.of(one), outside));
    }
    return y == c.x(0) ? ElementReaders.same(c, y) : y;
  }

  private AlongAxis taps(
      int axis, int in, int out, double scale, double from, double to, long[] inside) {
    int[] first = new int[out + 1];
    List<Integer> index = new ArrayList<>();
    List<Double> weight = new ArrayList<>();
    double narrow = antialias ? Math.min(1, scale) : 1;
    double reach = (mode.equals("cubic") ? 2 : 1) / narrow;
    if ((long) out * (2 * (long) Math.ceil(reach) + 1) > 1 << 21) {
      throw CandelaException.of("axis %d: too large a change of size", axis);
    }
    for (int j = 0; j < out; j++) {
      double p = position(j, in, out, scale, from, to);
      inside[j] = p < 0 || p > in - 1 ? 0 : 1;
      p = Math.clamp(p, -2 * reach - 1, in + 2 * reach); // beyond, there is the edge alone
      int start = index.size();
      if (mode.equals("nearest")) {
        index.add((int) Math.clamp(rounded(p, scale), 0, in - 1));
        weight.add(1.0);
      } else {
        double sum = 0;
        for (long k = (long) Math.ceil(p - reach); k <= Math.floor(p + reach); k++) {
          double w = weight(Math.abs(k - p) * narrow);
          if (w != 0 && !(exclude && (k < 0 || k >= in))) {
            index.add((int) Math.clamp(k, 0L, in - 1L));
            weight.add(w);
            sum += w;
          }
        }
        for (int t = start; t < weight.size() && sum != 0; t++) {
          weight.set(t, weight.get(t) / sum);
        }
      }
      first[j + 1] = index.size();
    }
    float[] w = new float[weight.size()];
    for (int t = 0; t < w.length; t++) {
      w[t] = weight.get(t).floatValue();
    }
    return new AlongAxis(axis, first, index.stream().mapToInt(i -> i).toArray(), w);
  }

  /**
   * Where output position j lies in the input. A scale that the file gives is a float32, 0.3 being
   * 0.30000001: divided by in float32 it meets the halves that were meant, as in other runtimes.
   * Where more pixels are made, corners are those of the pixels, as in PyTorch and ONNX Runtime;
   * where fewer, those of a length that may have a fraction, as in ONNX's own cases.
   */
  private double position(int j, int in, int out, double scale, double from, double to) {
    double wide = scale * in;
    double half = divided(j + .5, in, out, scale) - .5;
    return switch (where) {
      case "half_pixel" -> half;
      case "pytorch_half_pixel" -> wide > 1 ? half : 0;
      case "half_pixel_symmetric" ->
          scale == (double) out / in ? half : symmetric(j, in, out, (float) scale);
      case "asymmetric" -> divided(j, in, out, scale);
      case "align_corners" -> {
        double length = scale > 1 ? out : wide;
        yield length == 1 ? 0 : j * (in - 1) / (length - 1);
      }
      case "tf_crop_and_resize" ->
          out == 1
              ? (from + to) * (in - 1) / 2
              : from * (in - 1) + j * (to - from) * (in - 1) / (out - 1);
      default ->
          throw CandelaException.of("coordinate_transformation_mode '%s' is not supported", where);
    };
  }

  /** In float32, in ONNX's order: places meant to be whole numbers are, not just above them. */
  private static double symmetric(int j, int in, int out, float scale) {
    float offset = in / 2f * (1 - out / (scale * in));
    return offset + (j + .5f) / scale - .5f;
  }

  private double divided(double j, int in, int out, double scale) {
    return scale == (double) out / in ? j * in / out : (float) j / (float) scale;
  }

  private double rounded(double p, double scale) {
    return switch (nearest) {
      // Before opset 11 ONNX leaves the choice open; this is ONNX Runtime's.
      case "by_direction" -> scale < 1 ? Math.ceil(p) : Math.floor(p);
      case "round_prefer_floor" -> Math.ceil(p - .5);
      case "round_prefer_ceil" -> Math.floor(p + .5);
      case "floor" -> Math.floor(p);
      case "ceil" -> Math.ceil(p);
      default -> throw CandelaException.of("nearest_mode '%s' is not supported", nearest);
    };
  }

  private double weight(double d) {
    return switch (mode) {
      case "linear", "bilinear" -> Math.max(0, 1 - d);
      case "cubic", "bicubic" ->
          d <= 1
              ? ((a + 2) * d - (a + 3)) * d * d + 1
              : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
      default -> throw CandelaException.of("mode '%s'; supported are nearest, linear, cubic", mode);
    };
  }
}
