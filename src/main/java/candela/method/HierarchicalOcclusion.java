package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How much the score falls under windows that get finer where coarser ones mattered.
 *
 * <p><b>Definition:</b> a = the sum over all windows W that cover the pixel of max(f(x) − f(x with
 * W filled), 0). Windows are 2 × 2 cells, at every cell and one beyond the edges; cells are halved
 * from level to level. From the second level on a window is asked only where the largest value of
 * the map under it has reached half way between the map's least and most.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> cells (along a side at the first level, default 8); depth (levels, default
 * 3); fill (zero, grey, black, white, random, mean, blur or inpaint, default mean); inpainter (of
 * fill=inpaint: telea, with radius, or an ONNX file, default telea:radius=5); seed (of a random
 * fill, default 0); score (default logit).
 *
 * <p><b>Cost:</b> (cells + 1)² + 1 forward rows, and up to four times as many more a level: 82 and
 * some hundred for the defaults.
 *
 * <p><b>Source:</b> Cooper, Arandjelović and Harrison 2022, "Believe the HiPe: hierarchical
 * perturbation for fast, robust, and model-agnostic saliency mapping", section 3.
 *
 * <p><b>Differences:</b> cells and depth are numbers of their own; the authors derive 8 and 3 from
 * 224 pixels.
 */
public record HierarchicalOcclusion(
    int cells, int depth, Fill fill, Inpainter inpainter, long seed, ScoreKind score)
    implements Method {
  /** Levels of halving, from one cell, that no image is fine enough for. */
  private static final int FINEST = 10;

  public HierarchicalOcclusion() {
    this(8, 3, Fill.MEAN, Inpainter.DEFAULT, 0, ScoreKind.LOGIT);
  }

  public HierarchicalOcclusion {
    Check.atLeast(1, cells, "hierarchical-occlusion: cells");
    Check.atLeast(1, depth, "hierarchical-occlusion: depth");
    if (depth > FINEST || (long) cells << (depth - 1) > 1 << FINEST) {
      throw CandelaException.of(
          "hierarchical-occlusion: depth: at most %d cells along a side expected at the last level,"
              + " got %d x 2^%d",
          1 << FINEST, cells, depth - 1);
    }
    fill.withoutSuperpixels("hierarchical-occlusion");
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  /** As at the first level, whose windows are two cells wide. */
  @Override
  public Optional<Inpainting> inpainting(Shape image) {
    return Inpainting.of(fill, inpainter, Math.min(1, 4.0 / cells / cells));
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Levelled(subject, workspace);
  }

  /** Row 0 is the image; then a level after the other, each once the one before is answered. */
  private final class Levelled implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final Shape image;
    private final Occluder occluder;
    private final double[] map;
    private List<int[]> windows = new ArrayList<>();
    private int level = 1;
    private int written;
    private int answered;
    private double score;

    Levelled(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      image = subject.image();
      occluder = new Occluder(subject, workspace, fill, inpainter, seed);
      map = new double[image.count(1, 3)];
      windows.add(new int[Windows.EDGES]);
      windows.addAll(level());
    }

    private List<int[]> level() {
      int n = cells << (level - 1);
      int h = image.dim(1);
      int w = image.dim(2);
      double least = Double.POSITIVE_INFINITY;
      double most = Double.NEGATIVE_INFINITY;
      for (double v : map) {
        least = Math.min(least, v);
        most = Math.max(most, v);
      }
      List<int[]> list = new ArrayList<>();
      for (int i = -1; i < n; i++) {
        for (int j = -1; j < n; j++) {
          int[] edges = {edge(i, n, h), edge(j, n, w), edge(i + 2, n, h), edge(j + 2, n, w)};
          boolean some = edges[2] > edges[0] && edges[3] > edges[1];
          if (some && (level == 1 || top(edges) >= least + (most - least) / 2)) {
            list.add(edges);
          }
        }
      }
      return list;
    }

    /** Where cell i of n starts. */
    private static int edge(int i, int n, int side) {
      return Math.clamp((long) i * side / n, 0, side);
    }

    private double top(int[] edges) {
      double top = 0;
      for (int i = edges[0]; i < edges[2]; i++) {
        for (int j = edges[1]; j < edges[3]; j++) {
          top = Math.max(top, map[i * image.dim(2) + j]);
        }
      }
      return top;
    }

    @Override
    public Ask ask() {
      return Ask.score(HierarchicalOcclusion.this.score);
    }

    @Override
    public Shape rowShape() {
      return subject.shape();
    }

    @Override
    public int target() {
      return subject.target();
    }

    @Override
    public int size() {
      return windows.size();
    }

    @Override
    public boolean isOpen() {
      return level < depth;
    }

    @Override
    public int next(Tensor rows) {
      int n = Math.min(rows.shape().dim(0), windows.size() - written);
      if (n == 0) {
        return 0;
      }
      int[] edges = new int[n * Windows.EDGES];
      for (int r = 0; r < n; r++) {
        System.arraycopy(windows.get(written + r), 0, edges, r * Windows.EDGES, Windows.EDGES);
      }
      try (var own = new Workspace(workspace.device())) {
        occluder.occlude(edges, own.ints(edges), 0, rows.rows(0, n));
      }
      written += n;
      return n;
    }

    @Override
    public void take(Answers answers) {
      for (float s : answers.scores()) {
        int[] edges = windows.get(answered++);
        if (level == 1 && answered == 1) {
          score = s;
        }
        double drop = Math.max(score - s, 0);
        for (int i = edges[0]; i < edges[2]; i++) {
          for (int j = edges[1]; j < edges[3]; j++) {
            map[i * image.dim(2) + j] += drop;
          }
        }
      }
    }

    @Override
    public boolean again() {
      if (level == depth || answered < windows.size()) {
        return false;
      }
      level++;
      windows = level();
      written = 0;
      answered = 0;
      return true;
    }

    @Override
    public Attribution result() {
      return new Attribution(image.with(0, 1), Floats.of(map), channels(), Map.of("score", score));
    }
  }
}
