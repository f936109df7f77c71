package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Copies;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Arrays;
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
 * <p><b>Differences:</b> Captum's stdev is 1.0 in units of the input; see {@link SmoothGrad}, whose
 * noise of the same seed is another. What the method itself draws is the same in all copies.
 */
public record NoiseTunnel(
    Method method, int samples, double spread, double stdev, SmoothGrad.Type type, long seed)
    implements Method {
  /** Any number that no one takes for a seed; the noise is not that of a method within. */
  private static final long OWN = 0x5851F42D4C957F2DL;

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
  public Method on(Shape image) {
    return new NoiseTunnel(method.on(image), samples, spread, stdev, type, seed);
  }

  @Override
  public Optional<Inpainting> inpainting(Shape image) {
    return method.inpainting(image);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Mean(subject, workspace);
  }

  private final class Mean extends Copies<Attribution, Attribution> {
    private final Subject subject;
    private final float sigma;
    private Attribution last;

    /** Of every value, where it is the same in all copies. */
    private int[] features;

    private double[] sum = new double[0];
    private double[] square = new double[0];

    Mean(Subject subject, Workspace workspace) {
      super(workspace, subject.target(), samples);
      this.subject = subject;
      sigma = (float) (stdev > 0 ? stdev : spread * subject.range());
    }

    @Override
    protected Probe<Attribution> make(int copy, Workspace own) {
      float[] noisy = Draws.normal(own, seed ^ OWN, copy, subject.pixels(), sigma);
      return method.probe(subject.with(noisy), own);
    }

    @Override
    protected void add(Attribution a) {
      if (last == null) {
        features = type == SmoothGrad.Type.SMOOTHGRAD ? a.feature() : null;
      } else if (!Arrays.equals(features, a.feature())) {
        features = null; // what copies have in parts of their own is no part's
      }
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
      if (last == null) {
        return early();
      }
      double n = added();
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
      return new Attribution(
          last.shape(), a, method.channels(), Map.of("sigma", (double) sigma), null, features);
    }
  }
}
