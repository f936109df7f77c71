package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.List;
import java.util.function.Supplier;

/** Images that are made of another by changing it a little, in an order; equal where they are. */
sealed interface Neighbours permits Nearby, Shifts {
  /** What is the same for all metrics of a map. */
  record OfMap(Neighbours neighbours, Explained explained) {}

  /** What is the same for all maps of an image. */
  record OfImage(Neighbours neighbours, float[] pixels) {}

  /** How many, 1 or more. */
  int samples();

  /** One of them, in the shape of the image that is explained. */
  float[] image(Explained explained, int sample);

  /**
   * Has the method's maps of these images read, in their order.
   *
   * @return what is to be asked for it: nothing where another metric of the map asks
   */
  default List<Probe<?>> maps(
      Explained explained, Explainer explainer, Workspace workspace, NearbyMaps.Reader reader) {
    Supplier<NearbyMaps> make = () -> new NearbyMaps(this, explained, explainer, workspace);
    NearbyMaps shared = workspace.once(new OfMap(this, explained), make);
    // maps are not kept: who comes after the first was read has them asked again
    return (shared.isWhole() ? shared : make.get()).readBy(reader);
  }

  /** Logits of the image and of these, for all maps of the image. */
  default NearbyLogits logits(Explained explained, Workspace workspace) {
    return workspace.once(
        new OfImage(this, explained.pixels()), () -> new NearbyLogits(this, explained, workspace));
  }
}
