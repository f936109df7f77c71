package candela.method;

import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/**
 * Which feature each pixel, or each value, of an image belongs to.
 *
 * @param of feature 0, 1, 2, … by pixel [h,w] or by value [c,h,w]
 * @param count of features
 */
record FeatureMask(int[] of, int count) {
  /**
   * The cells of a grid x grid, or the mask that is given.
   *
   * @param method for messages
   */
  static FeatureMask of(String method, int grid, List<Integer> given, Shape image) {
    int h = image.dim(1);
    int w = image.dim(2);
    int pixels = h * w;
    if (!given.isEmpty()) {
      if (given.size() != pixels && given.size() != image.count()) {
        throw CandelaException.of(
            "%s: featureMask of %d pixels or %d values expected, got %d",
            method, pixels, image.count(), given.size());
      }
      int[] of = given.stream().mapToInt(Integer::intValue).toArray();
      int most = 0;
      for (int f : of) {
        most = Math.max(most, f);
      }
      return new FeatureMask(of, most + 1);
    }
    if (grid > Math.min(h, w)) {
      throw CandelaException.of(
          "%s: grid of at most %d expected for a %d x %d image, got %d",
          method, Math.min(h, w), w, h, grid);
    }
    int[] of = new int[pixels];
    for (int i = 0; i < pixels; i++) {
      of[i] = (i / w) * grid / h * grid + (i % w) * grid / w;
    }
    return new FeatureMask(of, grid * grid);
  }

  /** Checks a mask that is given. */
  static List<Integer> checked(String method, List<Integer> given) {
    List<Integer> mask = List.copyOf(given);
    for (int f : mask) {
      Check.atLeast(0, f, method + ": featureMask");
    }
    return mask;
  }

  /** The feature of every value of an image of n values. */
  int[] values(int n) {
    int[] values = new int[n];
    for (int i = 0; i < n; i++) {
      values[i] = of[i % of.length];
    }
    return values;
  }

  /** Every pixel's, or value's, part of its feature. */
  float[] spread(double[] byFeature) {
    float[] a = new float[of.length];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) byFeature[of[i]];
    }
    return a;
  }

  /** Shape of {@link #spread}. */
  Shape shape(Shape image) {
    return image.with(0, of.length / image.count(1, 3));
  }
}
