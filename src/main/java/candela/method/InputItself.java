package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Map;

/**
 * The image as the network takes it: what input × gradient is without the gradient.
 *
 * <p><b>Definition:</b> a = x.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> channels (default sum).
 *
 * <p><b>Cost:</b> none; the model is not asked.
 *
 * <p><b>Source:</b> Adebayo et al. 2018, "Sanity checks for saliency maps", section 5.
 *
 * <p><b>Differences:</b> none.
 */
public record InputItself(Channels channels) implements Method {
  public InputItself() {
    this(Channels.SUM);
  }

  /** Not asked for. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    Shape image = subject.image();
    return new Unasked(
        subject, new Attribution(image, subject.pixels().clone(), channels, Map.of()));
  }
}
