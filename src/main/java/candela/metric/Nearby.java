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
    var random = new Philox(seed, sample);
    for (int i = 0; i < near.length; i++) {
      near[i] += (float) random.uniform(-reach, reach);
    }
    return near;
  }

  /** Whether changes have a size: the image a range, and the map finite values, not all 0. */
  static boolean tells(Explained explained) {
    return Vectors.isFinite(explained.map())
        && Vectors.norm(explained.map()) > 0
        && explained.range() != 0;
  }

  /** How much a layer changes in these, for all maps of the image. */
  NearbyLayer layer(Explained explained, String layer, double eps, Workspace workspace) {
    return workspace.once(
        new OfLayer(this, explained.pixels(), explained.target(), layer, eps),
        () -> new NearbyLayer(this, explained, layer, eps, workspace));
  }
}
