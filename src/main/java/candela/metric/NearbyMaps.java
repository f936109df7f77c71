package candela.metric;

import candela.probe.Copies;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The method's maps of images nearby, asked once for all metrics of a map, and read by each. */
final class NearbyMaps extends Copies<float[], Integer> {
  /** What a metric makes of them. */
  interface Reader {
    /** Of one sample after another: the image nearby, and its map in the judged one's shape. */
    void read(int sample, float[] near, float[] map);
  }

  private final Neighbours nearby;
  private final Explained explained;
  private final Explainer explainer;
  private final List<Reader> readers = new ArrayList<>();

  /** Of the maps that are not read yet. */
  private final Map<Integer, float[]> images = new HashMap<>();

  NearbyMaps(Neighbours nearby, Explained explained, Explainer explainer, Workspace workspace) {
    super(workspace, explained.target(), nearby.samples());
    this.nearby = nearby;
    this.explained = explained;
    this.explainer = explainer;
  }

  /** Whether somebody may still read them all. */
  boolean isWhole() {
    return added() == 0;
  }

  /** The probe for the first reader, who asks for all; none for others. */
  List<Probe<?>> readBy(Reader reader) {
    readers.add(reader);
    return readers.size() == 1 ? List.of(this) : List.of();
  }

  @Override
  protected Probe<float[]> make(int copy, Workspace own) {
    float[] near = nearby.image(explained, copy);
    images.put(copy, near);
    return explainer.map(near, own);
  }

  @Override
  protected void add(float[] map) {
    float[] near = images.remove(added());
    readers.forEach(r -> r.read(added(), near, map));
  }

  /** How many maps have been read. */
  @Override
  public Integer result() {
    return added();
  }
}
