package candela.metric;

import candela.device.Philox;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.List;
import java.util.function.Supplier;

/**
 * Images near another: every value moves uniformly in ± radius · (max x − min x).
 *
 * @param samples images, 1 or more; the first k of more are those of k
 * @param radius share of the image's range, above 0
 */
record Nearby(int samples, double radius, long seed) {
  /** What is the same for all metrics of a map. */
  private record OfMap(Nearby nearby, Explained explained) {}

  /** What is the same for all maps of an image. */
  private record OfImage(Nearby nearby, float[] pixels) {}

  /** What is the same for all maps of an image that a layer is read for. */
  private record OfLayer(Nearby nearby, float[] pixels, int target, String layer, double eps) {}

  static void check(int samples, double radius, String metric) {
    Check.atLeast(1, samples, metric + ": samples");
    Check.positive(radius, metric + ": radius");
  }

  float[] image(Explained explained, int sample) {
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

  /**
   * Has the method's maps of these images read, in their order.
   *
   * @return what is to be asked for it: nothing where another metric of the map asks
   */
  List<Probe<?>> maps(
      Explained explained, Explainer explainer, Workspace workspace, NearbyMaps.Reader reader) {
    Supplier<NearbyMaps> make = () -> new NearbyMaps(this, explained, explainer, workspace);
    NearbyMaps shared = workspace.once(new OfMap(this, explained), make);
    // maps are not kept: who comes after the first was read has them asked again
    return (shared.isWhole() ? shared : make.get()).readBy(reader);
  }

  /** Logits of the image and of these, for all maps of the image. */
  NearbyLogits logits(Explained explained, Workspace workspace) {
    return workspace.once(
        new OfImage(this, explained.pixels()), () -> new NearbyLogits(this, explained, workspace));
  }

  /** How much a layer changes in these, for all maps of the image. */
  NearbyLayer layer(Explained explained, String layer, double eps, Workspace workspace) {
    return workspace.once(
        new OfLayer(this, explained.pixels(), explained.target(), layer, eps),
        () -> new NearbyLayer(this, explained, layer, eps, workspace));
  }
}
