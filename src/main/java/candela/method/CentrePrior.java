package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Map;

/**
 * A hill in the middle of the image, where photographers put things.
 *
 * <p><b>Definition:</b> a = exp(−½ ((y − (h − 1)/2)² / (sigma h)² + (x − (w − 1)/2)² / (sigma
 * w)²)).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> sigma (of height and width, above 0, default 0.25).
 *
 * <p><b>Cost:</b> none; the model is not asked.
 *
 * <p><b>Source:</b> the control "center" of the pointing game, Zhang et al. 2016 and TorchRay.
 *
 * <p><b>Differences:</b> TorchRay points at the centre; a hill has an order of all pixels too.
 */
public record CentrePrior(double sigma) implements Method {
  public CentrePrior() {
    this(0.25);
  }

  public CentrePrior {
    Check.positive(sigma, "centre-prior: sigma");
  }

  /** Not asked for. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    Shape image = subject.image();
    int h = image.dim(1);
    int w = image.dim(2);
    float[] map = new float[h * w];
    for (int i = 0; i < map.length; i++) {
      double y = (i / w - (h - 1) / 2.0) / (sigma * h);
      double x = (i % w - (w - 1) / 2.0) / (sigma * w);
      map[i] = (float) Math.exp(-0.5 * (x * x + y * y));
    }
    return new Unasked(subject, new Attribution(image.with(0, 1), map, channels(), Map.of()));
  }
}
