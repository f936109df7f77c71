package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;

/** Distances between tensors, and the messages when they are too large. */
public final class Compare {
  private Compare() {}

  /** ||a - b|| / ||b||. */
  public static double relative(float[] a, float[] b) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < b.length; i++) {
      difference += Math.pow((double) a[i] - b[i], 2);
      norm += Math.pow(b[i], 2);
    }
    return norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
  }

  /** Largest |a - b| relative to the largest |b|. */
  public static double largest(float[] a, float[] b) {
    double difference = 0;
    double scale = 1e-30;
    for (int i = 0; i < b.length; i++) {
      difference = Math.max(difference, Math.abs((double) a[i] - b[i]));
      scale = Math.max(scale, Math.abs(b[i]));
    }
    return difference / scale;
  }

  /** The same bits in another batch; on a card, which takes another algorithm, close ones. */
  static void assertSame(String what, float[] actual, float[] expected) {
    if (TestDevice.isCpu()) {
      assertThat(actual).as(what).isEqualTo(expected);
    } else {
      assertClose(what, actual, expected, 1e-5);
    }
  }

  public static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
    double[] wide = new double[expected.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = expected[i];
    }
    assertClose(what, actual, wide, tolerance);
  }

  /** Every |actual - expected| is at most tolerance times the largest |expected|. */
  public static void assertClose(String what, float[] actual, double[] expected, double tolerance) {
    assertThat(actual.length).as(what).isEqualTo(expected.length);
    double scale = 1e-30;
    for (double e : expected) {
      scale = Math.max(scale, Math.abs(e));
    }
    for (int i = 0; i < expected.length; i++) {
      double difference = Math.abs((double) actual[i] - expected[i]);
      assertThat(difference <= tolerance * scale)
          .as(
              "%s: index %d of %d: %s, expected %s (largest %s)",
              what, i, expected.length, actual[i], expected[i], scale)
          .isTrue();
    }
  }
}
