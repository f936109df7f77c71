package candela.metric;

import candela.probe.InTurn;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much the map changes, at most, for how much the image does, while the image moves to the
 * right.
 *
 * <p><b>Definition:</b> x_0 is the image, x_k the same k · step pixels further to the right, where
 * the substrate is seen at its left. R_k is, patch by patch, the sum of |a(x_k)| over the patch,
 * over that of the whole map; 0 for a map of zeros. The value is the largest ‖R_k − R_(k−1)‖₁ /
 * ‖x_k − x_(k−1)‖₂ over k = 1, 2, …; 0 where the image does not change. NaN where a map is not
 * finite, a(x_0) is 0, or an image one column wide.
 *
 * <p><b>Shapes:</b> image [c,h,w], maps [h,w], enlarged bilinearly where they are smaller → one
 * number; parts {@code mean}, of the same over all k, and {@code correlation}: Pearson's, over k =
 * 0, 1, …, of a patch's R_k and the logit of x_k, averaged over the patches where neither is
 * constant.
 *
 * <p><b>Parameters:</b> steps (1 or more, as far as they leave a column of the image; default 28);
 * step (pixels, 0 = the width over steps + 1, rounded down, 1 at least; default 0); patch (side in
 * pixels, 1 or more; cut at the right and lower edge; default 7); substrate (zero, blur,
 * padded_blur, mean, least, most or average, default zero).
 *
 * <p><b>Cost:</b> steps times the method's; steps + 1 forward rows for all maps of an image.
 *
 * <p><b>Source:</b> Montavon, Samek and Müller 2018, "Methods for interpreting and understanding
 * deep neural networks", section 7.1 (explanation continuity: the authors' measure is this with
 * patch=1; they show the map of a digit that moves, by parts of the image); steps and patch as
 * Quantus, whose aggregated score is the correlation with a similarity of one's choice.
 *
 * <p><b>Differences:</b> the authors take the largest over all pairs of images, and R as the method
 * gives it; shares make methods comparable. Quantus looks at the scores alone, not at how far the
 * image moved; its step is all pixels over steps, which leaves no column of the image from the
 * first step on (28 of 28, 1,792 of 224); it shows black, divides maps by their largest |a|, and
 * what a patch has by the largest in the patch once more.
 */
public record Continuity(int steps, int step, int patch, Substrate substrate) implements Metric {
  public Continuity() {
    this(28, 0, 7, Substrate.ZERO);
  }

  public Continuity {
    Check.atLeast(1, steps, "continuity: steps");
    Check.atLeast(0, step, "continuity: step");
    Check.atLeast(1, patch, "continuity: patch");
  }

  /** What uncovers, the same for all maps of an image. */
  private record Key(Substrate substrate, float[] pixels) {}

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public boolean needsMethod() {
    return true;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    Explainer explainer = explained.explainer("continuity");
    int each = step == 0 ? Math.max(1, explained.width() / (steps + 1)) : step;
    int samples = Math.min(steps, (explained.width() - 1) / each);
    float[] map = explained.map();
    if (!Vectors.isFinite(map)) {
      return Known.notFinite(explained);
    }
    if (Vectors.norm(map) == 0) {
      return new Known(explained.target(), Score.none(Reason.ZEROS));
    }
    if (samples == 0) {
      return new Known(
          explained.target(), Score.none("the first step leaves no column of the image"));
    }
    float[] other =
        workspace.once(
            new Key(substrate, explained.pixels()),
            () -> {
              Tensor uncovered = substrate.of(explained, workspace);
              return workspace.device().read(uncovered);
            });
    var shifts = new Shifts(samples, each, other);
    NearbyLogits logits = shifts.logits(explained, workspace);
    var flow = new Flow(explained, samples, patch, logits);
    List<Probe<?>> asked = new ArrayList<>(shifts.maps(explained, explainer, workspace, flow));
    asked.addAll(logits.toAsk());
    return new InTurn<>(explained.target(), asked, flow::score);
  }

  /** Of maps of an image that moves. */
  private static final class Flow implements NearbyMaps.Reader {
    private final Explained explained;
    private final int patch;
    private final NearbyLogits logits;

    /** By patch and step, of which 0 is the image as it is. */
    private final double[][] shares;

    private float[] before;
    private int read;
    private double most;
    private double sum;

    Flow(Explained explained, int samples, int patch, NearbyLogits logits) {
      this.explained = explained;
      this.patch = patch;
      this.logits = logits;
      before = explained.pixels();
      int across = Math.ceilDiv(explained.width(), patch);
      shares = new double[Math.ceilDiv(explained.height(), patch) * across][samples + 1];
      share(0, explained.map());
    }

    /** Writes what each patch has of a map. */
    private void share(int step, float[] map) {
      float[] full = explained.atFullSize(map);
      int w = explained.width();
      int across = Math.ceilDiv(w, patch);
      double whole = 0;
      for (int i = 0; i < full.length; i++) {
        double size = Math.abs(full[i]);
        shares[i / w / patch * across + i % w / patch][step] += size;
        whole += size;
      }
      for (double[] of : shares) {
        of[step] = whole == 0 ? 0 : of[step] / whole;
      }
    }

    @Override
    public void read(int sample, float[] near, float[] map) {
      int step = sample + 1;
      share(step, map);
      double change = 0;
      for (double[] of : shares) {
        change += Math.abs(of[step] - of[step - 1]);
      }
      double moved = Vectors.distance(near, before);
      double ratio = moved == 0 ? 0 : change / moved;
      most = Math.max(most, ratio);
      sum += ratio;
      before = near;
      read++;
    }

    Score score() {
      int samples = shares[0].length - 1;
      if (read < samples || !logits.isThrough()) {
        return Score.NOT_YET;
      }
      Map<String, Double> parts = new LinkedHashMap<>();
      parts.put("mean", sum / samples);
      parts.put("correlation", correlation(logits.result()));
      return Score.of(most, parts);
    }

    private double correlation(Prediction[] said) {
      double[] scores = new double[said.length];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = said[i].logits()[explained.target()];
      }
      double all = 0;
      int patches = 0;
      for (double[] of : shares) {
        double r = Vectors.correlation(of, scores);
        all += Double.isNaN(r) ? 0 : r;
        patches += Double.isNaN(r) ? 0 : 1;
      }
      return all / patches;
    }
  }
}
