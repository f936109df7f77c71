package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Map;

/**
 * Noise: what every map must be better than.
 *
 * <p><b>Definition:</b> a uniform in 0…1, pixel by pixel.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> seed (default 0).
 *
 * <p><b>Cost:</b> none; the model is not asked.
 *
 * <p><b>Source:</b> the control of Hooker et al. 2019, "A benchmark for interpretability methods in
 * deep neural networks".
 *
 * <p><b>Differences:</b> none.
 */
public record RandomMap(long seed) implements Method {
  public RandomMap() {
    this(0);
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
    float[] map = Draws.uniform(workspace, seed, 1, image.count(1, 3))[0];
    return new Unasked(subject, new Attribution(image.with(0, 1), map, channels(), Map.of()));
  }
}
