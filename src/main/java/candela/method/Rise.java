package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;

/**
 * How probable the class is on average when a pixel is seen, under random masks.
 *
 * <p><b>Definition:</b> a = Σ_i f(x ⊙ M_i) M_i / (N keep), M_i a grid of cells × cells, each 1 with
 * probability keep, else 0, enlarged bilinearly by one cell more than the image and cut out at a
 * random place; ⊙ leaves the fill where M is 0, and mixes it in where M is less than 1. With
 * fill=inpaint, the fill is x as the inpainter makes it up where M is below ½.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> masks (1 or more, default 2000; the first k of more are those of k); cells
 * (along a side, default 8); keep (0 to 1, default 0.5); fill (zero, grey, black, white, random,
 * mean, blur or inpaint, default zero); inpainter (of fill=inpaint: telea, with radius, or an ONNX
 * file, default telea:radius=5); seed (default 0); score (default probability).
 *
 * <p><b>Cost:</b> masks forward rows; with fill=inpaint a filling each.
 *
 * <p><b>Source:</b> Petsiuk, Das and Saenko 2018, "RISE: randomized input sampling for explanation
 * of black-box models", sections 3.1 and 3.2; defaults of the authors' example.
 *
 * <p><b>Differences:</b> the authors' fill is zero; their evaluation takes 5000, 10 and 0.1,
 * TorchRay 8000, 7 and 0.5. Beyond the middle of its outer cells the authors' grid is mirrored
 * about it; here those cells go on.
 */
public record Rise(
    int masks, int cells, double keep, Fill fill, Inpainter inpainter, long seed, ScoreKind score)
    implements Method {
  public Rise() {
    this(2000, 8, 0.5, Fill.ZERO, Inpainter.DEFAULT, 0, ScoreKind.PROBABILITY);
  }

  public Rise {
    Check.atLeast(1, masks, "rise: masks");
    Check.atLeast(1, cells, "rise: cells");
    if (!(keep > 0 && keep <= 1)) {
      throw CandelaException.of("rise: keep: above 0, up to 1 expected, got %s", keep);
    }
    fill.withoutSuperpixels("rise");
  }

  @Override
  public Channels channels() {
    return score == ScoreKind.PROBABILITY ? Channels.SUM_ABSOLUTE : Channels.SUM;
  }

  @Override
  public Optional<Inpainting> inpainting(Shape image) {
    return Inpainting.of(fill, inpainter, 1 - keep);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Masked(subject, workspace);
  }

  private final class Masked extends Sampled<Attribution> {
    private final Workspace workspace;
    private final Shape image;
    private final Blended blended;
    private final MemorySegment sample;
    private final MemorySegment sum;
    private Tensor mask;
    private Tensor uniform;
    private double total;

    Masked(Subject subject, Workspace workspace) {
      super(Ask.score(Rise.this.score), subject.shape(), subject.target(), masks);
      this.workspace = workspace;
      image = subject.image();
      if (cells > Math.min(image.dim(1), image.dim(2))) {
        throw CandelaException.of(
            "rise: cells: at most %d expected for a %d x %d image, got %d",
            Math.min(image.dim(1), image.dim(2)), image.dim(2), image.dim(1), cells);
      }
      blended = new Blended(subject, workspace, fill, inpainter, seed);
      sample = workspace.samples(masks);
      sum = workspace.allocate(image.count(1, 3) * 8L);
    }

    @Override
    protected void fill(int first, Tensor rows) {
      int n = rows.shape().dim(0);
      int per = cells * cells + 2;
      if (mask == null || mask.shape().dim(0) < n) {
        mask = workspace.tensor(Shape.of(n, image.dim(1), image.dim(2)));
        uniform = workspace.tensor(Shape.of(n, per));
      }
      var kernels = workspace.device().kernels();
      kernels.noise().uniformNoise(n, per, 0, 1, seed, sample.asSlice(first * 8L), uniform.data());
      kernels
          .mask()
          .gridMask(
              n, cells, image.dim(1), image.dim(2), (float) keep, uniform.data(), mask.data());
      blended.write(mask, rows);
    }

    @Override
    protected void add(int first, Answers answers) {
      answers.scoresLater(
          scores -> {
            for (float s : scores) {
              total += s;
            }
          });
      workspace
          .device()
          .kernels()
          .noise()
          .moments(
              answers.rows(),
              image.count(1, 3),
              answers.scored().data(),
              mask.data(),
              sum,
              MemorySegment.NULL);
    }

    @Override
    public Attribution result() {
      double[] s = workspace.readDoubles(sum, image.count(1, 3));
      double by = Math.max(taken(), 1) * keep;
      float[] a = new float[s.length];
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) (s[i] / by);
      }
      return new Attribution(
          image.with(0, 1), a, channels(), Map.of("meanScore", total / Math.max(taken(), 1)));
    }
  }
}
