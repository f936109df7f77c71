package candela.method;

import candela.tensor.Shape;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which feature each pixel, or each value, of an image belongs to.
 *
 * @param of feature 0, 1, 2, … by pixel [h,w] or by value [c,h,w]
 * @param count of features
 */
record FeatureMask(int[] of, int count) {
  /** As many features as the largest number says. */
  static FeatureMask of(int[] of) {
    return new FeatureMask(of, Arrays.stream(of).max().orElse(-1) + 1);
  }

  /** Equal numbers are a feature; features are in the order of their numbers. */
  static FeatureMask of(float[] numbers) {
    var features = new TreeMap<Float, Integer>();
    for (float number : numbers) {
      features.put(number + 0f, 0); // -0 is 0
    }
    int count = 0;
    for (var feature : features.entrySet()) {
      feature.setValue(count++);
    }
    int[] of = new int[numbers.length];
    for (int i = 0; i < of.length; i++) {
      of[i] = features.get(numbers[i] + 0f);
    }
    return new FeatureMask(of, count);
  }

  /** The feature of every value of an image of n values. */
  int[] values(int n) {
    int[] values = new int[n];
    for (int i = 0; i < n; i++) {
      values[i] = of[i % of.length];
    }
    return values;
  }

  /** Every pixel, or value, with what its feature has. */
  Attribution spread(
      Shape image, double[] byFeature, Channels channels, Map<String, Double> notes) {
    float[] a = new float[of.length];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) byFeature[of[i]];
    }
    Shape shape = image.with(0, of.length / image.count(1, 3));
    return new Attribution(shape, a, channels, notes, null, of);
  }
}
