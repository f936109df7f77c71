package candela.metric;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;

/**
 * How much of the score is lost when only what the map shows is left of the image.
 *
 * <p><b>Definition:</b> max(0, f(x) − f(x')) / f(x) with x' = s + m (x − s), s the substrate and m
 * the map, values below 0 set to 0, over its largest value; m = 0 where none is above 0. NaN where
 * f(x) is not above 0.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → 0 … 1; part
 * {@code increase}, 1 where f(x') &gt; f(x), else 0.
 *
 * <p><b>Parameters:</b> substrate (zero, blur, padded_blur, mean, least, most or average, default
 * zero: x' = m x); score (default probability).
 *
 * <p><b>Cost:</b> 1 forward row, and 1 for all maps of an image, or on a card for each.
 *
 * <p><b>Source:</b> Chattopadhay et al. 2018, "Grad-CAM++", section 4.1: average drop, and increase
 * in confidence.
 *
 * <p><b>Differences:</b> a share, where the authors give per cent; x is the network's input, so
 * that what is hidden shows the training set's mean colour in most preprocessings.
 */
public record AverageDrop(Substrate substrate, ScoreKind score) implements Metric {
  public AverageDrop() {
    this(Substrate.ZERO, ScoreKind.PROBABILITY);
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Vectors.isFinite(explained.map())
        ? new Shown(this, explained, workspace)
        : Known.notFinite(explained);
  }

  /** Row 0 is the image, row 1 what the map shows of it. */
  private static final class Shown extends Scored {
    private final Device device;
    private final Tensor x;
    private final Tensor other;
    private final MemorySegment shares;
    private final int pixels;

    Shown(AverageDrop metric, Explained explained, Workspace workspace) {
      super(metric.score(), explained.shape(), explained.target(), 2);
      device = workspace.device();
      x = workspace.tensor(explained.shape(), explained.pixels());
      other = metric.substrate().of(explained, workspace);
      float[] mask = mask(explained.fullMap());
      pixels = mask.length;
      float[] rows = new float[2 * pixels];
      Arrays.fill(rows, 0, pixels, 1);
      System.arraycopy(mask, 0, rows, pixels, pixels);
      shares = workspace.floats(rows);
      know(0, workspace.asked(explained.pixels(), ask(), target()));
    }

    private static float[] mask(float[] map) {
      float most = 0;
      for (float a : map) {
        most = Math.max(most, a);
      }
      float[] mask = new float[map.length];
      for (int i = 0; i < mask.length; i++) {
        mask[i] = map[i] > 0 ? map[i] / most : 0;
      }
      return mask;
    }

    @Override
    protected void fill(int first, Tensor rows) {
      device
          .kernels()
          .mask()
          .blend(
              rows.shape().dim(0),
              x.count(),
              pixels,
              shares.asSlice((long) first * pixels * Tensor.BYTES),
              MemorySegment.NULL,
              x.data(),
              other.data(),
              rows.data());
    }

    @Override
    Score of(double[] scores) {
      double whole = scores[0];
      double fall = whole - scores[1];
      return Score.of(
          whole > 0 ? Math.max(0, fall) / whole : Double.NaN,
          Map.of("increase", fall < 0 ? 1.0 : 0),
          whole > 0 ? "" : Reason.notPositive(whole));
    }
  }
}
