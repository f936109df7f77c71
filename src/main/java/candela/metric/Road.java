package candela.metric;

import candela.device.Device;
import candela.device.Philox;
import candela.graph.ScoreKind;
import candela.image.LinearImputer;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How much more the score of the class falls without the most important pixels than without the
 * least important ones, where what is removed is guessed from what is left: a hole whose shape
 * gives the object away, or that looks like no photo, counts for less than with a substrate.
 *
 * <p><b>Definition:</b> for every share p of a grid: f_most and f_least are the scores without the
 * round(p n) most and least important of n pixels, at least one, at most all but one. Each missing
 * pixel is the weighted mean of the up to eight around it, missing ones included, where those
 * beside it count twice the diagonal ones; then normal noise is added. The value is the mean of
 * (f_least − f_most) / 2 over the grid. Pixels go by the map's value; of equal ones, those that
 * come first row by row are more important.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number
 * and the curve that it is the mean of; parts {@code most} and {@code least}, the mean scores, and
 * {@code most@p} and {@code least@p}.
 *
 * <p><b>Parameters:</b> from, to, by (grid of p, above 0 and below 1, defaults 0.1, 0.9, 0.1);
 * noise (standard deviation in units of the network's input, default 0.01); seed (default 0); score
 * (default probability).
 *
 * <p><b>Cost:</b> 2 forward rows for each p, 18 by default, and about 50 ms of a processor for each
 * at 224 × 224.
 *
 * <p><b>Source:</b> Rong et al. 2022, "A consistent and efficient evaluation strategy for
 * attribution methods" (ROAD); both orders in one number as pytorch-grad-cam's ROADCombined.
 *
 * <p><b>Differences:</b> the authors report the accuracy over a data set, one order at a time; here
 * it is the score of each image, which a study averages.
 */
public record Road(double from, double to, double by, double noise, long seed, ScoreKind score)
    implements Metric {
  public Road() {
    this(0.1, 0.9, 0.1, 0.01, 0, ScoreKind.PROBABILITY);
  }

  public Road {
    Check.positive(from, "road: from");
    Check.grid(from, to, by, "road");
    Check.below(1, to, "road: to");
    Check.notNegative(noise, "road: noise");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Vectors.isFinite(explained.map())
        ? new Imputed(explained, workspace.device(), Check.grid(from, to, by, "road"))
        : Known.notFinite(explained);
  }

  /** Rows 2 i and 2 i + 1 lack the most and the least important pixels of share i. */
  private final class Imputed extends Scored {
    private final Device device;
    private final float[] pixels;
    private final int[] ranks;
    private final Shape image;
    private final List<Double> grid;

    Imputed(Explained explained, Device device, List<Double> grid) {
      super(score, explained.shape(), explained.target(), 2 * grid.size());
      this.device = device;
      pixels = explained.pixels();
      ranks = explained.ranks();
      image = explained.image();
      this.grid = grid;
    }

    @Override
    protected void fill(int first, Tensor rows) {
      float[] values = new float[rows.count()];
      IntStream.range(0, rows.shape().dim(0))
          .parallel()
          .forEach(i -> impute(first + i, values, i * pixels.length));
      device.write(rows, values);
    }

    private void impute(int row, float[] values, int at) {
      int n = ranks.length;
      int gone = Math.clamp(Math.round(grid.get(row / 2) * n), Math.min(1, n - 1), n - 1);
      byte[] hole = new byte[n];
      for (int i = 0; i < n; i++) {
        int place = row % 2 == 0 ? ranks[i] : n - 1 - ranks[i];
        hole[i] = (byte) (place < gone ? 1 : 0);
      }
      int channels = image.dim(0);
      LinearImputer.fill(pixels, channels, image.dim(1), image.dim(2), hole, values, at);
      var random = new Philox(MetricSeed.of(seed), row);
      for (int i = 0; i < channels * n; i++) {
        values[at + i] += hole[i % n] == 0 ? 0 : (float) (noise * random.normal());
      }
    }

    @Override
    Score of(double[] scores) {
      double most = 0;
      double least = 0;
      List<Double> curve = new ArrayList<>();
      Map<String, Double> parts = new LinkedHashMap<>();
      for (int i = 0; i < grid.size(); i++) {
        most += scores[2 * i] / grid.size();
        least += scores[2 * i + 1] / grid.size();
        curve.add((scores[2 * i + 1] - scores[2 * i]) / 2);
      }
      parts.put("most", most);
      parts.put("least", least);
      for (int i = 0; i < grid.size(); i++) {
        parts.put("most" + Check.at(grid.get(i)), scores[2 * i]);
        parts.put("least" + Check.at(grid.get(i)), scores[2 * i + 1]);
      }
      return new Score((least - most) / 2, parts, curve, "");
    }
  }
}
