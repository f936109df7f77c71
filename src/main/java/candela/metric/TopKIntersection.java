package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import java.util.Map;

/**
 * How many of the k most important pixels lie on the object.
 *
 * <p><b>Definition:</b> of the k largest values, the share that lies on pixels of the class; of
 * equal values, those that come first row by row. With conceptInfluence, over the object's share of
 * the pixels, which is what a random map has. NaN where no pixel shows the class, or the map is the
 * same everywhere: it has no k largest values, and the share would be that of the first rows.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image; truth [H,W]
 * → 0 … 1, or 0 up to the pixels over those of the object; part {@code object}, the object's share.
 *
 * <p><b>Parameters:</b> k (pixels, at most those of the image; default 0: 1,000 of 224 × 224, as
 * large a share of other images); conceptInfluence (default false).
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Theiner, Müller-Budack and Ewerth 2022, "Interpretable semantic photo
 * geolocation" (concept influence); as Quantus' top-k intersection.
 *
 * <p><b>Differences:</b> none. {@link TopK} compares two maps.
 */
public record TopKIntersection(int k, boolean conceptInfluence) implements Metric {
  public TopKIntersection() {
    this(0, false);
  }

  public TopKIntersection {
    Check.atLeast(0, k, "top-k-intersection: k");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public boolean needsTruth() {
    return true;
  }

  /**
   * @throws CandelaException where the image has fewer than k pixels
   */
  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    boolean[] truth = explained.truth("top-k-intersection");
    if (k > truth.length) {
      throw CandelaException.of(
          "top-k-intersection: k of at most %d expected for an image of %d x %d, got %d",
          truth.length, explained.width(), explained.height(), k);
    }
    return Known.of(explained, () -> score(explained, truth));
  }

  private Score score(Explained explained, boolean[] truth) {
    int[] ranks = explained.ranks();
    int most = TopK.of(k, ranks.length);
    int on = 0;
    int object = 0;
    for (int i = 0; i < ranks.length; i++) {
      object += truth[i] ? 1 : 0;
      on += truth[i] && ranks[i] < most ? 1 : 0;
    }
    if (object == 0 || explained.isEven()) {
      return Score.none(object == 0 ? Reason.NO_OBJECT : Reason.EVEN);
    }
    double share = (double) object / ranks.length;
    double value = (double) on / most;
    return Score.of(conceptInfluence ? value / share : value, Map.of("object", share));
  }
}
