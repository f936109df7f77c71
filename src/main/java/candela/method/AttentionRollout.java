package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Where a transformer's score gets its information from, whatever the class.
 *
 * <p><b>Definition:</b> a = the row in B_L … B_1 of the token that the score is read from, the
 * class token, or the mean of all of which it is: those whose attention in layer L has a slope. B_l
 * = N((A_l + 1) / 2), A_l the attention of layer l, its heads joined, 1 what its residual
 * connection passes, N such that rows add up to 1. With discard, the least values of each A_l, this
 * share of them, are 0 but for the first token's of itself.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[heads,tokens,tokens] → a[1,h,w], or a[1,h',w'] of the tokens
 * without upsampling.
 *
 * <p><b>Parameters:</b> heads (mean, max, min; default mean); discard (0 up to 1, default 0);
 * upsampling (bilinear, nearest, none; default bilinear).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row, whose gradients tell the token.
 *
 * <p><b>Source:</b> Abnar and Zuidema 2020, "Quantifying attention flow in transformers", section
 * 3; discard and other joints of heads are Gildenblat's, of vit-explain.
 *
 * <p><b>Differences:</b> vit-explain divides the map by its maximum, discards 0.9 by default, and
 * takes the class token's row; InterpretDL begins at a layer of choice.
 */
public record AttentionRollout(Heads heads, double discard, Upsampling upsampling)
    implements Method {
  /** What several heads become. */
  public enum Heads {
    MEAN,
    MAX,
    MIN
  }

  public AttentionRollout() {
    this(Heads.MEAN, 0, Upsampling.BILINEAR);
  }

  public AttentionRollout {
    Check.notNegative(discard, "attention-rollout: discard");
    Check.atMost(1, discard, "attention-rollout: discard");
  }

  /** Asked, but not read. */
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
    return new AttentionFlow(
        this, subject, workspace, upsampling, (h, t, weights, g) -> flow(h, t, weights));
  }

  private double[] flow(int count, int tokens, float[] weights) {
    double[] a = joined(count, tokens * tokens, weights);
    discard(a);
    for (int i = 0; i < tokens; i++) {
      a[i * tokens + i] += 1;
      double sum = 0;
      for (int k = 0; k < tokens; k++) {
        sum += a[i * tokens + k];
      }
      for (int k = 0; k < tokens; k++) {
        a[i * tokens + k] /= sum;
      }
    }
    return a;
  }

  private double[] joined(int count, int size, float[] weights) {
    double[] a = new double[size];
    for (int i = 0; i < size; i++) {
      a[i] = weights[i];
      for (int h = 1; h < count; h++) {
        double w = weights[h * size + i];
        a[i] =
            switch (heads) {
              case MEAN -> a[i] + w;
              case MAX -> Math.max(a[i], w);
              case MIN -> Math.min(a[i], w);
            };
      }
      a[i] = heads == Heads.MEAN ? a[i] / count : a[i];
    }
    return a;
  }

  /** Of equal values the first go. */
  private void discard(double[] a) {
    int n = (int) (discard * a.length);
    if (n > 0) {
      Integer[] least = IntStream.range(0, a.length).boxed().toArray(Integer[]::new);
      Arrays.sort(least, Comparator.comparingDouble(i -> a[i]));
      for (int i : Arrays.copyOf(least, n)) {
        a[i] = i == 0 ? a[i] : 0;
      }
    }
  }
}
