package candela.metric;

import candela.device.Philox;
import candela.probe.Workspace;

/**
 * Images near another: every value moves uniformly in ± radius · (max x − min x).
 *
 * @param samples images, 1 or more; the first k of more are those of k
 * @param radius share of the image's range, above 0
 */
record Nearby(int samples, double radius, long seed) implements Neighbours {
  /** What is the same for all maps of an image that a layer is read for. */
  private record OfLayer(Nearby nearby, float[] pixels, int target, String layer, double eps) {}

  static void check(int samples, double radius, String metric) {
    Check.atLeast(1, samples, metric + ": samples");
    Check.positive(radius, metric + ": radius");
  }

  @Override
  public float[] image(Explained explained, int sample) {
    double reach = radius * explained.range();
    float[] near = explained.pixels().clone();
    var random = new Philox(MetricSeed.of(seed), sample);
    for (int i = 0; i < near.length; i++) {
      near[i] += (float) random.uniform(-reach, reach);
    }
    return near;
  }

  /** Why changes of the map, or of the image, have no size; empty where they have. */
  static String fault(Explained explained) {
    if (!Vectors.isFinite(explained.map())) {
      return Reason.MAP_NOT_FINITE;
    }
    if (Vectors.norm(explained.map()) == 0) {
      return Reason.ZEROS;
    }
    return explained.range() == 0 ? "all values of the image are equal" : "";
  }

  /** How much a layer changes in these, for all maps of the image. */
  NearbyLayer layer(Explained explained, String layer, double eps, Workspace workspace) {
    return workspace.once(
        new OfLayer(this, explained.pixels(), explained.target(), layer, eps),
        () -> new NearbyLayer(this, explained, layer, eps, workspace));
  }
}
