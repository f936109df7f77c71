package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Telea;
import candela.probe.Pipeline;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The descent, step by step, against plain Java; and what it starts from. */
class MeaningfulPerturbationTest {
  /** Float32 rounding that Adam's quotient amplifies. */
  private static final Offset<Float> ROUNDING = Offset.offset(2e-4f);

  @TempDir Path folder;

  /** Where Adam's steps in doubles lead for the score 18 Σ (b + m (x − b)). */
  private static double[] descended(double[] x, double[] b, int steps, double l1, double tv) {
    int n = x.length;
    double[] m = new double[n];
    Arrays.fill(m, 1);
    double[] first = new double[n];
    double[] second = new double[n];
    for (int t = 1; t <= steps; t++) {
      double[] g = new double[n];
      for (int i = 0; i < n; i++) {
        g[i] = 18 * (x[i] - b[i]) - (m[i] < 1 ? l1 : 0);
        for (int j = Math.max(i - 1, 0); j <= Math.min(i + 1, n - 1); j++) {
          double d = m[i] - m[j];
          g[i] += tv * 3 * d * Math.abs(d);
        }
      }
      for (int i = 0; i < n; i++) {
        first[i] = 0.9 * first[i] + 0.1 * g[i];
        second[i] = 0.999 * second[i] + 0.001 * g[i] * g[i];
        double step = first[i] / (1 - Math.pow(0.9, t));
        m[i] -= 0.05 * step / (Math.sqrt(second[i] / (1 - Math.pow(0.999, t))) + 1e-8);
        m[i] = Math.clamp(m[i], 0, 1);
      }
    }
    return m;
  }

  @Test
  void everyStepIsThatOfPlainJava() {
    double[] x = {1, 4, 2, 5, 3};
    float[] pixels = {1, 4, 2, 5, 3};
    double[] b = new double[5];
    for (int i = 0; i < 5; i++) {
      double total = 0;
      for (int j = 0; j < 5; j++) {
        double w = Math.abs(i - j) > 3 ? 0 : Math.exp(-0.5 * (i - j) * (i - j));
        b[i] += w * x[j];
        total += w;
      }
      b[i] /= total;
    }
    Method method =
        Methods.parse(
            "meaningful-perturbation:iterations=40,start=ones,jitter=0,smooth=0,blur=1,l1=9,tv=30,"
                + "rate=0.05,score=logit");
    List<Integer> counts = List.of(1, 2, 3, 10, 25, 40);
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.sum(folder, 5)), device, 4);
        var workspace = new Workspace(device)) {
      Staged<Attribution> probe =
          ((Nested) method).probe(new Subject(Shape.of(5), pixels, 0), workspace, counts);
      pipeline.run(List.of(probe));
      for (int count : counts) {
        double[] m = descended(x, b, count, 9, 30);
        float[] wanted = new float[5];
        for (int i = 0; i < 5; i++) {
          wanted[i] = (float) (1 - m[i]);
        }
        assertThat(probe.result(count).values())
            .as("step %d", count)
            .containsExactly(wanted, ROUNDING);
      }
      // what is brighter than around it goes first
      assertThat(probe.result().values()[1]).isGreaterThan(probe.result().values()[0]);
    }
  }

  /** Of a sum, what is taken away and what is kept change it alike: the same steps. */
  @Test
  void preservingASumIsDeletingFromIt() {
    String settings =
        ":iterations=9,start=ones,jitter=2,smooth=0,blur=1,l1=9,tv=30,rate=0.05,score=logit";
    Method delete = Methods.parse("meaningful-perturbation" + settings);
    Method preserve = Methods.parse("meaningful-perturbation" + settings + ",variant=preserve");
    Subject subject = new Subject(Shape.of(5), new float[] {1, 4, 2, 5, 3}, 0);
    assertThat(map(Toy.sum(folder, 5), preserve, subject))
        .containsExactly(map(Toy.sum(folder, 5), delete, subject), ROUNDING);
  }

  /** max(max(0, z) − 1 − max(0, y), 0) where the mask hides all but (1 − m) of x = (8, 1). */
  @Test
  void everyPreservingStepIsThatOfPlainJava() {
    float[] x = {8, 1};
    Method method =
        Methods.parse(
            "meaningful-perturbation:variant=preserve,iterations=10,start=random,fill=zero,l1=0.5,"
                + "tv=0,jitter=0,smooth=0,seed=4,score=logit");
    float[] start;
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      start = Draws.uniform(workspace, 4, 1, 2)[0];
    }
    double[] m = {start[0], start[1]};
    double[][] moments = new double[2][2];
    for (int t = 1; t <= 10; t++) {
      boolean active = (1 - m[0]) * x[0] - 1 - (1 - m[1]) * x[1] > 0;
      // of −f, which hiding the first lets rise and hiding the second lets fall
      double[] slope = active ? new double[] {x[0], -x[1]} : new double[2];
      for (int i = 0; i < 2; i++) {
        double g = slope[i] - (m[i] < 1 ? 0.5 : 0);
        moments[0][i] = 0.9 * moments[0][i] + 0.1 * g;
        moments[1][i] = 0.999 * moments[1][i] + 0.001 * g * g;
        double step = moments[0][i] / (1 - Math.pow(0.9, t));
        double size = Math.sqrt(moments[1][i] / (1 - Math.pow(0.999, t))) + 1e-8;
        m[i] = Math.clamp(m[i] - 0.1 * step / size, 0, 1);
      }
    }
    float[] wanted = {(float) (1 - m[0]), (float) (1 - m[1])};
    assertThat(wanted[0]).isGreaterThan(wanted[1]);
    assertThat(map(Toy.bm2(folder), method, new Subject(Shape.of(2), x, 0)))
        .containsExactly(wanted, ROUNDING);
  }

  private static float[] map(Path model, Method method, Subject subject) {
    return Maps.of(model, 4, method, subject).values();
  }

  /** One step from m on x moved by a shift: what is hidden is filled, and taken as constant. */
  private static void inpaintedStep(float[] x, int shift, int t, double[] m, double[][] moments) {
    int n = x.length;
    double most = Arrays.stream(m).max().orElseThrow();
    double least = Arrays.stream(m).min().orElseThrow();
    float[] moved = new float[n];
    byte[] hole = new byte[n];
    for (int i = 0; i < n; i++) {
      moved[i] = x[Math.clamp(i + shift, 0, n - 1)];
      hole[i] = (byte) (m[i] < Math.max(0.5, (most + least) / 2) ? 1 : 0);
    }
    float[] b = moved.clone();
    new Telea(5).fill(moved, 1, 1, n, hole, b, 0);
    for (int i = 0; i < n; i++) {
      // the score is 18 Σ (b + m (x − b))
      double g = 18 * (moved[i] - b[i]) - (m[i] < 1 ? 1e-4 : 0);
      moments[0][i] = 0.9 * moments[0][i] + 0.1 * g;
      moments[1][i] = 0.999 * moments[1][i] + 0.001 * g * g;
    }
    for (int i = 0; i < n; i++) {
      double step = moments[0][i] / (1 - Math.pow(0.9, t));
      double size = Math.sqrt(moments[1][i] / (1 - Math.pow(0.999, t))) + 1e-8;
      m[i] = Math.clamp(m[i] - 0.1 * step / size, 0, 1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyInpaintedStepIsThatOfPlainJava(boolean binary) {
    float[] x = {1, 4, 2, 5, 3, 9, 7};
    Nested method =
        (Nested)
            Methods.parse(
                "meaningful-perturbation:preset=mp-g,iterations=12,tv=0,seed=3,score=logit,binary="
                    + binary);
    List<Integer> counts = List.of(1, 2, 3, 12);
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.sum(folder, 7)), device, 4);
        var workspace = new Workspace(device)) {
      Staged<Attribution> probe = method.probe(new Subject(Shape.of(7), x, 0), workspace, counts);
      pipeline.run(List.of(probe));
      double[] m = new double[7];
      float[] start = Draws.uniform(workspace, 3, 1, 7)[0];
      for (int i = 0; i < 7; i++) {
        m[i] = start[i];
      }
      double[][] moments = new double[2][7];
      for (int t = 1; t <= 12; t++) {
        // down, across: one of −2, −1, 0, 1
        int shift = (int) (Draws.uniform(workspace, 3, t, 1, 2)[0][1] * 4) - 2;
        inpaintedStep(x, shift, t, m, moments);
        if (counts.contains(t)) {
          float[] wanted = new float[7];
          for (int i = 0; i < 7; i++) {
            wanted[i] = (float) (1 - m[i]);
          }
          assertThat(probe.result(t).values()).as("step %d", t).containsExactly(wanted, ROUNDING);
        }
      }
    }
  }

  /** What is scored is x where the mask reaches its level, else black, nothing between. */
  @Test
  void aBinaryMaskHidesWholly() {
    float[] x = {1, 2, 4, 8, 16};
    Subject subject = new Subject(Shape.of(5), x, 0, new Levels(List.of(0f), List.of(1f)));
    String method =
        "meaningful-perturbation:iterations=1,start=random,fill=black,jitter=0,score=logit,binary=";
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.sum(folder, 5)), device, 4);
        var workspace = new Workspace(device)) {
      float[] m = Draws.uniform(workspace, 0, 1, 5)[0];
      // the middle of the mask is above one half
      float[] sorted = m.clone();
      Arrays.sort(sorted);
      float level = Math.max(.5f, (sorted[0] + sorted[4]) / 2);
      double soft = 0;
      double hard = 0;
      for (int i = 0; i < 5; i++) {
        soft += 18 * m[i] * x[i];
        hard += m[i] < level ? 0 : 18 * x[i];
      }
      for (boolean binary : new boolean[] {false, true}) {
        var probe = Methods.parse(method + binary).probe(subject, workspace);
        pipeline.run(List.of(probe));
        assertThat(probe.result().notes().get("score"))
            .isCloseTo(binary ? hard : soft, Offset.offset(1e-3));
      }
    }
  }

  @Test
  void inpaintingNeedsAHoleToBeginWith() {
    assertThatThrownBy(() -> Methods.parse("meaningful-perturbation:fill=inpaint,start=ones"))
        .hasMessage(
            "meaningful-perturbation: start: random or circular expected with fill=inpaint, got"
                + " ones; without a hole there is nothing to inpaint, and no gradient");
    assertThatThrownBy(() -> Methods.parse("meaningful-perturbation:fill=superpixel_mean"))
        .hasMessage(
            "meaningful-perturbation: fill=superpixel_mean needs superpixels, which lime has; take"
                + " mean, the image's");
  }

  /** 1 − scipy.ndimage.gaussian_filter(disc, 10), as SAM's script makes it. */
  @Test
  void discsAreThoseOfSciPy() {
    Offset<Float> rounding = Offset.offset(1e-6f);
    float[] m = Disc.mask(28, 28, 10);
    assertThat(new float[] {m[14 * 28 + 14], m[0], m[5 * 28 + 20]})
        .containsExactly(new float[] {DISC[0], DISC[1], DISC[2]}, rounding);
    m = Disc.mask(9, 7, 2);
    assertThat(new float[] {m[0], m[4 * 7 + 3], m[8 * 7 + 6]})
        .containsExactly(new float[] {DISC[3], DISC[4], DISC[5]}, rounding);
  }

  private static final float[] DISC = {
    0.5291273653f, 0.6929746693f, 0.6066391031f, 0.7936500824f, 0.7936529025f, 0.7936500824f
  };

  @Test
  void theLastDiscCoversTheMask() {
    assertThat(Disc.count(28, 28)).isEqualTo(5);
    for (int[] s : new int[][] {{28, 28}, {1, 1}, {9, 7}, {1, 33}, {224, 224}}) {
      int last = (Disc.count(s[0], s[1]) - 1) * Disc.STEP;
      for (float v : Disc.mask(s[0], s[1], last)) {
        assertThat(v).as(Arrays.toString(s)).isCloseTo(0, Offset.offset(1e-6f));
      }
    }
  }

  /** A sum of which blurring takes little away: whatever the scores are, the search ends. */
  @Test
  void theSearchOfTheStartIsDoneBeforeTheDescent() {
    float[] pixels = {0, 0, 1, 0, 0};
    Subject subject = new Subject(Shape.of(5), pixels, 0);
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.sum(folder, 5)), device, 4);
        var workspace = new Workspace(device)) {
      Staged<Attribution> probe =
          ((Nested) Methods.parse("meaningful-perturbation:iterations=2,score=logit"))
              .probe(subject, workspace, List.of());
      long[] rows = new long[1];
      pipeline.run(
          List.of(probe),
          (done, all) -> {
            rows[0] = done;
            return true;
          });
      // the image, discs of 0 and 5, two steps
      assertThat(rows[0]).isEqualTo(probe.size()).isEqualTo(5);
    }
  }

  @Test
  void enlargingBackIsTheTransposeOfEnlarging() {
    Random r = new Random(4);
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      for (boolean bilinear : new boolean[] {false, true}) {
        for (double sigma : new double[] {0, 1.5}) {
          for (int[] s : new int[][] {{1, 1}, {1, 7}, {5, 9}, {7, 7}, {28, 33}}) {
            var axis = new MaskAxis(workspace, s[0], s[1], bilinear, sigma);
            Tensor m = workspace.tensor(Shape.of(3, s[0], 2), Toy.draw(r, 6 * s[0]));
            Tensor y = workspace.tensor(Shape.of(3, s[1], 2), Toy.draw(r, 6 * s[1]));
            Tensor up = workspace.tensor(y.shape());
            Tensor back = workspace.tensor(m.shape());
            axis.enlarge(3, 2, m.data(), up.data());
            axis.enlargeBackward(3, 2, y.data(), back.data());
            assertThat(dot(device, up, y))
                .as("%s, bilinear %s, sigma %s", Arrays.toString(s), bilinear, sigma)
                .isCloseTo(dot(device, m, back), Offset.offset(1e-5));
          }
        }
      }
      // nearest: each mask pixel covers its share; a mask of ones stays one under any blur
      var axis = new MaskAxis(workspace, 2, 5, false, 0);
      Tensor up = workspace.tensor(Shape.of(5));
      axis.enlarge(1, 1, workspace.tensor(Shape.of(2), new float[] {3, 7}).data(), up.data());
      assertThat(device.read(up)).containsExactly(3, 3, 3, 7, 7);
      axis = new MaskAxis(workspace, 2, 4, true, 0);
      Tensor four = workspace.tensor(Shape.of(4));
      axis.enlarge(1, 1, workspace.tensor(Shape.of(2), new float[] {3, 7}).data(), four.data());
      assertThat(device.read(four)).containsExactly(3, 4, 6, 7);
    }
  }

  private static double dot(Device device, Tensor a, Tensor b) {
    float[] x = device.read(a);
    float[] y = device.read(b);
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += (double) x[i] * y[i];
    }
    return sum;
  }

  @Test
  void theSeedMovesTheImage() {
    String base = "meaningful-perturbation:iterations=3,mask=4,start=ones,score=logit";
    assertThat(map(base + ",seed=1")).isNotEqualTo(map(base + ",seed=2"));
    assertThat(map(base + ",seed=1,jitter=0")).isEqualTo(map(base + ",seed=2,jitter=0"));
    String random = base.replace("ones", "random") + ",jitter=0,seed=";
    assertThat(map(random + 1)).isNotEqualTo(map(random + 2));
  }

  private float[] map(String method) {
    Subject subject = new Subject(Shape.of(3, 9, 7), Toy.draw(new Random(2), 189), 1);
    return map(Toy.random(folder), Methods.parse(method), subject);
  }

  @Test
  void presetsAreTheirAuthorsSettings() {
    assertThat(Methods.parse("meaningful-perturbation:preset=sam"))
        .isEqualTo(MeaningfulPerturbation.sam())
        .isEqualTo(new MeaningfulPerturbation());
    assertThat(Methods.parse("meaningful-perturbation:preset=fong,iterations=10"))
        .isEqualTo(MeaningfulPerturbation.fong().with(10));
    assertThat(Methods.parse("meaningful-perturbation:preset=mp-g"))
        .isEqualTo(
            Methods.parse(
                "meaningful-perturbation:start=random,fill=inpaint,binary=true,smooth=0"));
  }
}
