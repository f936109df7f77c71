package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * What each part of the image adds to the score, parts getting finer where they add most.
 *
 * <p><b>Definition:</b> Owen values of a tree of rectangles, each halved across its longer side. A
 * part has v(S ∪ part) − v(S) with weight w, v(S) being the score where S is shown and the baseline
 * elsewhere; at the root S is empty and w = 1. Halved, either half has that with w/2 for S and with
 * w/2 for S and the other half. Those whose |v(S ∪ part) − v(S)| w is largest are halved first,
 * batchSize / 2 at a time, until maxEvals rows are asked, both ends among them; what a part has
 * then is shared by its pixels alike. Σ a = v(all) − v(none), whatever the number.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> baseline (what parts that are absent show, default blur); maxEvals (rows, 2
 * or more, default 500); batchSize (rows from one choice of parts to the next, default 10); seed
 * (of a random baseline, default 0); score (default logit).
 *
 * <p><b>Cost:</b> maxEvals forward rows, batchSize at a time: 500 for the defaults.
 *
 * <p><b>Source:</b> Owen 1977, "Values of games with a priori unions"; SHAP's PartitionExplainer.
 *
 * <p><b>Differences:</b> SHAP halves pixels into channels, takes equal parts in random order, and
 * has no baseline of its own: its examples blur by 128 × 128 boxes or inpaint.
 */
public record PartitionShap(
    Baseline baseline, int maxEvals, int batchSize, long seed, ScoreKind score) implements Method {
  public PartitionShap() {
    this(Baseline.BLUR, 500, 10, 0, ScoreKind.LOGIT);
  }

  public PartitionShap {
    Check.atLeast(2, maxEvals, "partition-shap: maxEvals");
    Check.atLeast(1, batchSize, "partition-shap: batchSize");
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Halving(subject, workspace);
  }

  private record Rectangle(int top, int left, int bottom, int right) {
    int pixels() {
      return (bottom - top) * (right - left);
    }

    private boolean isHigh() {
      return bottom - top >= right - left;
    }

    Rectangle first() {
      return isHigh()
          ? new Rectangle(top, left, top + (bottom - top) / 2, right)
          : new Rectangle(top, left, bottom, left + (right - left) / 2);
    }

    Rectangle second() {
      return isHigh()
          ? new Rectangle(top + (bottom - top) / 2, left, bottom, right)
          : new Rectangle(top, left + (right - left) / 2, bottom, right);
    }

    /** v on each pixel, of an image of that width. */
    void add(double[] map, int width, double v) {
      for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
          map[y * width + x] += v;
        }
      }
    }
  }

  /** What is shown: a rectangle and the rest; null shows nothing. */
  private record Shown(Rectangle rectangle, Shown rest) {}

  /**
   * A part that is not halved yet.
   *
   * @param number of parts that were there before it
   */
  private record Part(
      int number, Rectangle of, Shown context, double without, double with, double weight) {
    double value() {
      return (with - without) * weight;
    }
  }

  private final class Halving implements Probe<Attribution> {
    private static final Comparator<Part> LARGEST_FIRST =
        Comparator.comparingDouble((Part p) -> -Math.abs(p.value())).thenComparing(Part::number);

    private final Subject subject;
    private final Workspace workspace;
    private final Shape image;
    private final Rectangle whole;
    private final Blended blended;
    private final int size;
    private final PriorityQueue<Part> parts = new PriorityQueue<>(LARGEST_FIRST);
    private final List<Part> pixels = new ArrayList<>();
    private final List<Part> halved = new ArrayList<>();
    private final List<Shown> rows = new ArrayList<>();
    private final float[] scores;
    private final float[] ends = new float[2];
    private int asked;
    private int written;
    private int answered;
    private int number;

    Halving(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      image = subject.image();
      whole = new Rectangle(0, 0, image.dim(1), image.dim(2));
      blended = new Blended(subject, workspace, baseline.of(subject, seed, workspace));
      long halvings = Math.ceilDiv((long) maxEvals - 2, 2);
      size = (int) Math.min(Integer.MAX_VALUE, 2 + Math.min(2 * halvings, rows(whole, 1)));
      scores = new float[Math.max(2, width())];
      rows.add(null);
      rows.add(new Shown(whole, null));
    }

    /** Rows that all halvings of a part in so many contexts ask, or more than are allowed. */
    private long rows(Rectangle part, long contexts) {
      if (part.pixels() == 1) {
        return 0;
      }
      long rows = 2 * contexts;
      rows += rows < maxEvals ? rows(part.first(), 2 * contexts) : 0;
      return rows + (rows < maxEvals ? rows(part.second(), 2 * contexts) : 0);
    }

    @Override
    public Ask ask() {
      return Ask.score(score);
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
      return size;
    }

    @Override
    public int width() {
      return (int) Math.min(size, 2 * Math.ceilDiv((long) batchSize, 2));
    }

    @Override
    public int next(Tensor into) {
      int n = Math.min(into.shape().dim(0), rows.size() - written);
      float[] mask = new float[n * whole.pixels()];
      for (int r = 0; r < n; r++) {
        for (Shown s = rows.get(written + r); s != null; s = s.rest) {
          Rectangle shown = s.rectangle;
          for (int y = shown.top; y < shown.bottom; y++) {
            int line = r * whole.pixels() + y * whole.right;
            Arrays.fill(mask, line + shown.left, line + shown.right, 1);
          }
        }
      }
      if (n > 0) {
        try (var own = new Workspace(workspace.device())) {
          blended.write(own.tensor(Shape.of(n, whole.pixels()), mask), into.rows(0, n));
        }
      }
      written += n;
      return n;
    }

    @Override
    public void take(Answers answers) {
      for (float s : answers.scores()) {
        scores[answered++] = s;
      }
      if (answered == rows.size()) {
        halve();
        choose();
      }
    }

    /** Puts the halves of what was asked in place of it. */
    private void halve() {
      if (asked == 0) {
        System.arraycopy(scores, 0, ends, 0, 2);
        put(whole, null, ends[0], ends[1], 1);
      }
      for (int i = 0; i < halved.size(); i++) {
        Part p = halved.get(i);
        Rectangle first = p.of.first();
        Rectangle second = p.of.second();
        double withFirst = scores[2 * i];
        double withSecond = scores[2 * i + 1];
        put(first, p.context, p.without, withFirst, p.weight / 2);
        put(second, p.context, p.without, withSecond, p.weight / 2);
        put(first, new Shown(second, p.context), withSecond, p.with, p.weight / 2);
        put(second, new Shown(first, p.context), withFirst, p.with, p.weight / 2);
      }
      asked += answered;
      halved.clear();
      rows.clear();
      written = 0;
      answered = 0;
    }

    private void put(Rectangle of, Shown context, double without, double with, double weight) {
      parts.add(new Part(number++, of, context, without, with, weight));
    }

    private void choose() {
      while (!parts.isEmpty() && rows.size() < width() && asked + rows.size() < size) {
        Part p = parts.poll();
        if (p.of.pixels() == 1) {
          pixels.add(p);
        } else {
          halved.add(p);
          rows.add(new Shown(p.of.first(), p.context));
          rows.add(new Shown(p.of.second(), p.context));
        }
      }
    }

    @Override
    public Attribution result() {
      List<Part> all = new ArrayList<>(parts);
      all.addAll(pixels);
      all.addAll(halved);
      all.sort(Comparator.comparing(Part::number));
      double[] map = new double[whole.pixels()];
      all.forEach(p -> p.of.add(map, whole.right, p.value() / p.of.pixels()));
      return new Attribution(
          image.with(0, 1), Floats.of(map), channels(), Convergence.notes(map, ends[1], ends[0]));
    }
  }
}
