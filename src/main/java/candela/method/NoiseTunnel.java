package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Any method, averaged over noisy copies of the image.
 *
 * <p><b>Definition:</b> a_i = the method's map of x + σ z_i with z_i standard normal; smoothgrad =
 * mean a_i, smoothgrad_sq = mean a_i², vargrad = mean a_i² − (mean a_i)². σ = spread · (max x − min
 * x), or stdev where it is given.
 *
 * <p><b>Shapes:</b> as the method's.
 *
 * <p><b>Parameters:</b> method (a method with its parameters, in quotes where there are commas;
 * default integrated-gradients); samples (1 or more, default 5; the first k of more are those of
 * k); spread (fraction of the range of x, default 0.15); stdev (units of the network's input, 0 =
 * by spread, default 0); type (default smoothgrad); seed (default 0).
 *
 * <p><b>Cost:</b> samples times the method's.
 *
 * <p><b>Source:</b> Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise"; Adebayo et
 * al. 2018 (VarGrad); Captum's NoiseTunnel.
 *
 * <p><b>Differences:</b> Captum's stdev is 1.0 in units of the input; see {@link SmoothGrad}.
 */
public record NoiseTunnel(
    Method method, int samples, double spread, double stdev, SmoothGrad.Type type, long seed)
    implements Method {
  public NoiseTunnel() {
    this(new IntegratedGradients(), 5, 0.15, 0, SmoothGrad.Type.SMOOTHGRAD, 0);
  }

  public NoiseTunnel {
    Check.atLeast(1, samples, "noise-tunnel: samples");
    Check.notNegative(spread, "noise-tunnel: spread");
    Check.notNegative(stdev, "noise-tunnel: stdev");
  }

  @Override
  public ScoreKind score() {
    return method.score();
  }

  @Override
  public Channels channels() {
    return method.channels();
  }

  @Override
  public Optional<Inpainting> inpainting(Shape image) {
    return method.inpainting(image);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Copies(subject, workspace);
  }

  /** The method's probes, made one after another; a finished one frees its memory. */
  private final class Copies implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final float sigma;

    /** Copies that are not through, in the order made. */
    private final List<Copy> open = new ArrayList<>();

    private final ArrayDeque<Part> asked = new ArrayDeque<>();

    /** Maps that wait for those of copies before them. */
    private final Map<Integer, Attribution> early = new HashMap<>();

    private final Ask first;
    private final int each;
    private final int width;

    /** What is asked now: of copies whose probes ask something else, later. */
    private Ask ask;

    private int made;
    private int taken;
    private Attribution last;
    private double[] sum = new double[0];
    private double[] square = new double[0];

    /** One noisy copy. */
    private record Copy(int number, Probe<Attribution> probe, Workspace own) {}

    /** Rows of a copy that wait for their answers. */
    private record Part(Copy copy, int rows) {}

    Copies(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      sigma = (float) (stdev > 0 ? stdev : spread * subject.range());
      Copy one = add();
      first = one.probe.ask();
      each = one.probe.size();
      width = one.probe.width();
      ask = first;
    }

    private Copy add() {
      var own = new Workspace(workspace.device());
      float[] noisy = Draws.normal(workspace, seed, made, subject.pixels(), sigma);
      var noisySubject = new Subject(subject.shape(), noisy, subject.target(), subject.levels());
      Copy copy = new Copy(made++, method.probe(noisySubject, own), own);
      open.add(copy);
      return copy;
    }

    @Override
    public Ask ask() {
      return ask;
    }

    @Override
    public int target() {
      return subject.target();
    }

    @Override
    public int size() {
      int size = ask.equals(first) ? (samples - made) * each : 0;
      for (Copy c : open) {
        size += c.probe.ask().equals(ask) ? c.probe.size() : 0;
      }
      return size;
    }

    @Override
    public int width() {
      return Math.clamp((long) samples * width, 1, Integer.MAX_VALUE);
    }

    /** Rows of as many copies as fit; a copy that is not through may have to see answers first. */
    @Override
    public int next(Tensor rows) {
      int all = rows.shape().dim(0);
      int used = 0;
      for (Copy c : List.copyOf(open)) {
        used += write(c, rows, used);
      }
      while (used < all && made < samples && ask.equals(first)) {
        used += write(add(), rows, used);
      }
      return used;
    }

    /** Rows that the copy writes from row used on: once, as it has to see their answers. */
    private int write(Copy c, Tensor rows, int used) {
      int all = rows.shape().dim(0);
      while (used < all && c.probe.ask().equals(ask)) {
        int n = c.probe.next(rows.rows(used, all));
        if (n > 0) {
          asked.add(new Part(c, n));
          return n;
        }
        if (!goesOn(c)) {
          return 0;
        }
      }
      return 0;
    }

    /**
     * Whether a copy that has finished with what it asks has more to ask; else its map is added.
     */
    private boolean goesOn(Copy c) {
      if (c.probe.again()) {
        return true;
      }
      open.remove(c);
      early.put(c.number, c.probe.result());
      c.own.close();
      while (early.containsKey(taken)) {
        add(early.remove(taken++));
      }
      return false;
    }

    @Override
    public void take(Answers given) {
      // a copy's map is read as soon as its last row is answered
      Answers answers = given.atOnce(workspace.device());
      for (int from = 0; from < answers.rows(); ) {
        Part part = asked.remove();
        part.copy().probe.take(answers.rows(from, from + part.rows()));
        from += part.rows();
      }
    }

    /** Turns to what the first of the copies that are left asks. */
    @Override
    public boolean again() {
      List.copyOf(open).forEach(this::passOver);
      while (open.isEmpty() && made < samples) {
        passOver(add());
      }
      if (open.isEmpty()) {
        return false;
      }
      ask = open.get(0).probe.ask();
      return true;
    }

    /** Goes on with a copy as long as it asks nothing. */
    private void passOver(Copy c) {
      while (c.probe.size() == 0) {
        if (!goesOn(c)) {
          return;
        }
      }
    }

    private void add(Attribution a) {
      last = a;
      if (sum.length != a.values().length) {
        sum = new double[a.values().length];
        square = new double[sum.length];
      }
      for (int i = 0; i < sum.length; i++) {
        double v = a.values()[i];
        sum[i] += v;
        square[i] += v * v;
      }
    }

    @Override
    public Attribution result() {
      if (taken == 0) {
        return open.get(0).probe.result();
      }
      double n = taken;
      float[] a = new float[sum.length];
      for (int i = 0; i < a.length; i++) {
        double mean = sum[i] / n;
        a[i] =
            (float)
                switch (type) {
                  case SMOOTHGRAD -> mean;
                  case SMOOTHGRAD_SQ -> square[i] / n;
                  case VARGRAD -> square[i] / n - mean * mean;
                };
      }
      return new Attribution(last.shape(), a, method.channels(), Map.of("sigma", (double) sigma));
    }
  }
}
