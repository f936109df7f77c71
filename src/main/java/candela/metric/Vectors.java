package candela.metric;

import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Vectors' lengths, and similarities that are the product of two of length 1. */
final class Vectors {
  private Vectors() {}

  /** Products of pairs of unit vectors; NaN where a map has none. */
  static double[] products(Maps maps, List<Pair> pairs, Function<float[], double[]> unit) {
    double[][] of = new double[maps.count()][];
    IntStream.range(0, of.length)
        .parallel()
        .forEach(
            i -> of[i] = isFinite(maps.values().get(i)) ? unit.apply(maps.values().get(i)) : null);
    return pairs.parallelStream().mapToDouble(p -> dot(of[p.a()], of[p.b()])).toArray();
  }

  private static double dot(double[] a, double[] b) {
    if (a == null || b == null) {
      return Double.NaN;
    }
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    // rounding must not make a correlation of more than 1
    return Math.clamp(sum, -1, 1);
  }

  /** Pearson's, of two lists; NaN where one is constant. */
  static double correlation(double[] a, double[] b) {
    return dot(centred(a.clone()), centred(b.clone()));
  }

  /** v minus its mean, over its length; null for a constant. Changes v. */
  static double[] centred(double[] v) {
    if (isConstant(v)) {
      return null;
    }
    double sum = 0;
    for (double x : v) {
      sum += x;
    }
    double mean = sum / v.length;
    for (int i = 0; i < v.length; i++) {
      v[i] -= mean;
    }
    return scaled(v);
  }

  static boolean isConstant(double[] v) {
    for (double x : v) {
      if (x != v[0]) {
        return false;
      }
    }
    return true;
  }

  static boolean isConstant(float[] v) {
    for (float x : v) {
      if (x != v[0]) {
        return false;
      }
    }
    return true;
  }

  /** v over its length; null for zeros. Changes v. */
  static double[] scaled(double[] v) {
    // by the largest first: squares of very small and very large values stay in range
    double most = 0;
    for (double x : v) {
      most = Math.max(most, Math.abs(x));
    }
    if (most == 0) {
      return null;
    }
    double square = 0;
    for (int i = 0; i < v.length; i++) {
      v[i] /= most;
      square += v[i] * v[i];
    }
    double length = Math.sqrt(square);
    for (int i = 0; i < v.length; i++) {
      v[i] /= length;
    }
    return v;
  }

  static double norm(float[] v) {
    double sum = 0;
    for (float x : v) {
      sum += (double) x * x;
    }
    return Math.sqrt(sum);
  }

  static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double d = (double) a[i] - b[i];
      sum += d * d;
    }
    return Math.sqrt(sum);
  }

  static double[] doubles(float[] map) {
    double[] v = new double[map.length];
    for (int i = 0; i < v.length; i++) {
      v[i] = map[i];
    }
    return v;
  }

  static boolean isFinite(float[] map) {
    for (float x : map) {
      if (!Float.isFinite(x)) {
        return false;
      }
    }
    return true;
  }
}
