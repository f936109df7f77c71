package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Where the information comes from that attention carries to the class.
 *
 * <p><b>Definition:</b> a = the row in (1 + E_L) … (1 + E_1) of the token that the score is read
 * from, the class token, or the mean of all of which it is: those whose attention in layer L has a
 * slope. E_l the mean over heads of max(∂f/∂A_l ⊙ A_l, 0), A_l the attention of layer l.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[heads,tokens,tokens] → a[1,h,w], or a[1,h',w'] of the tokens
 * without upsampling.
 *
 * <p><b>Parameters:</b> upsampling (bilinear, nearest, none; default bilinear); score (default
 * logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row.
 *
 * <p><b>Source:</b> Chefer, Gur and Wolf 2021, "Generic attention-model explainability for
 * interpreting bi-modal and encoder-decoder transformers", section 3, self-attention.
 *
 * <p><b>Differences:</b> the authors take the class token's row, and their examples scale the map
 * to 0…1.
 */
public record GenericAttention(Upsampling upsampling, ScoreKind score) implements Method {
  public GenericAttention() {
    this(Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new AttentionFlow(this, subject, workspace, upsampling, GenericAttention::flow);
  }

  private static double[] flow(int heads, int tokens, float[] weights, float[] gradients) {
    int size = tokens * tokens;
    double[] e = new double[size];
    for (int i = 0; i < size; i++) {
      for (int h = 0; h < heads; h++) {
        e[i] += Math.max((double) weights[h * size + i] * gradients[h * size + i], 0) / heads;
      }
      e[i] += i % (tokens + 1) == 0 ? 1 : 0;
    }
    return e;
  }
}
