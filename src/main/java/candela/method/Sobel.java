package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Map;

/**
 * The edges of the image: what maps look like that show the image, not the model.
 *
 * <p><b>Definition:</b> a = √(d_x² + d_y²) of each channel, d_x = x convolved with [1, 2, 1]ᵀ [−1,
 * 0, 1], d_y its transpose; pixels beyond the edge are those at the edge.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> channels (default sum_absolute).
 *
 * <p><b>Cost:</b> none; the model is not asked.
 *
 * <p><b>Source:</b> Adebayo et al. 2018, "Sanity checks for saliency maps", which compare with an
 * edge detector.
 *
 * <p><b>Differences:</b> none; the detector there is not said.
 */
public record Sobel(Channels channels) implements Method {
  public Sobel() {
    this(Channels.SUM_ABSOLUTE);
  }

  /** Not asked for. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    Shape image = subject.image();
    int h = image.dim(1);
    int w = image.dim(2);
    float[] a = new float[image.count()];
    for (int i = 0; i < a.length; i++) {
      int plane = i / (h * w) * h * w;
      double across = 0;
      double down = 0;
      for (int k = -1; k <= 1; k++) {
        for (int j = -1; j <= 1; j++) {
          int y = Math.clamp(i % (h * w) / w + k, 0, h - 1);
          int x = Math.clamp(i % w + j, 0, w - 1);
          double v = subject.pixels()[plane + y * w + x];
          across += v * j * (2 - Math.abs(k));
          down += v * k * (2 - Math.abs(j));
        }
      }
      a[i] = (float) Math.hypot(across, down);
    }
    return new Unasked(subject, new Attribution(image, a, channels, Map.of()));
  }
}
