package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Occluded;
import candela.probe.Probe;
import candela.probe.Rectangles;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/**
 * By how much the score falls when parts of an image are taken away that depend on no map: asked
 * once for all maps, and all metrics, of a workspace that want the same. Row 0 is the image itself.
 */
final class Falls extends Sampled<double[]> implements Occluded {
  private final Removal.Parts parts;
  private final Tensor x;
  private final Tensor other;
  private final double[] scores;
  private boolean asked;

  /** What is the same for all who share. */
  private record Key(
      Removal removal, Substrate substrate, ScoreKind score, float[] pixels, int target) {}

  /** What a map's sums over the parts, and the falls of the score, say of the map. */
  interface Verdict {
    Score of(double[] sums, double[] falls);
  }

  /**
   * The probe of a map: the first one of a workspace asks, for all; of a map that is not finite, no
   * number.
   */
  static Probe<Score> judge(
      Explained explained,
      Workspace workspace,
      Removal removal,
      Substrate substrate,
      ScoreKind score,
      Verdict verdict) {
    if (!Vectors.isFinite(explained.map())) {
      return Known.notFinite(explained);
    }
    var key = new Key(removal, substrate, score, explained.pixels(), explained.target());
    Falls falls =
        workspace.once(
            key,
            () ->
                new Falls(
                    explained,
                    workspace,
                    removal.of(explained.image(), workspace),
                    substrate.of(explained, workspace),
                    score));
    boolean asks = !falls.asked;
    falls.asked = true;
    return new Judged(falls, asks, explained, verdict);
  }

  private Falls(
      Explained explained,
      Workspace workspace,
      Removal.Parts parts,
      Tensor other,
      ScoreKind score) {
    super(Ask.score(score), explained.shape(), explained.target(), parts.rows());
    this.parts = parts;
    this.other = other;
    x = workspace.tensor(explained.shape(), explained.pixels());
    scores = new double[all()];
    know(0, workspace.asked(explained.pixels(), ask(), target()));
  }

  @Override
  protected void fill(int first, Tensor rows) {
    parts.write(first, x, other, rows);
  }

  @Override
  protected void add(int first, Answers answers) {
    answers.scoresLater(scores, first);
  }

  /** f(x) − f(x without the part), by part; of those that are answered. */
  @Override
  public double[] result() {
    double[] falls = new double[Math.max(0, taken() - 1)];
    for (int i = 0; i < falls.length; i++) {
      falls[i] = scores[0] - scores[i + 1];
    }
    return falls;
  }

  @Override
  public Occluded occluded() {
    return parts.windows() == null ? null : this;
  }

  @Override
  public Tensor image() {
    return x;
  }

  @Override
  public int tall() {
    return Rectangles.tall(parts.windows());
  }

  @Override
  public int wide() {
    return Rectangles.wide(parts.windows());
  }

  @Override
  public int[] corners() {
    return Rectangles.corners(parts.windows(), first(), written());
  }

  /** The score of one map, once the falls are known. */
  private record Judged(Falls falls, boolean asks, Explained explained, Verdict verdict)
      implements Probe<Score> {
    @Override
    public Ask ask() {
      return falls.ask();
    }

    @Override
    public Shape rowShape() {
      return falls.rowShape();
    }

    @Override
    public int target() {
      return falls.target();
    }

    @Override
    public int size() {
      return asks ? falls.size() : 0;
    }

    @Override
    public Occluded occluded() {
      return asks ? falls.occluded() : null;
    }

    @Override
    public int next(Tensor rows) {
      return asks ? falls.next(rows) : 0;
    }

    @Override
    public void take(Answers answers) {
      falls.take(answers);
    }

    @Override
    public Score result() {
      if (falls.taken() < falls.all()) {
        return Score.NOT_YET;
      }
      float[] map = falls.parts.ofSlopes() ? explained.map() : explained.contributions();
      return verdict.of(falls.parts.sums(explained.atFullSize(map)), falls.result());
    }
  }
}
