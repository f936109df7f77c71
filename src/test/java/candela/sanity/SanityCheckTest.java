package candela.sanity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Image;
import candela.method.Methods;
import candela.method.Preparation;
import candela.probe.ScarceDevice;
import candela.sanity.SanityCheck.Found;
import candela.sanity.SanityCheck.Picture;
import candela.study.Shipped;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the network and two pictures that come with Candela. */
class SanityCheckTest {
  private static final List<String> METHODS = List.of("gradient", "guided-backprop", "sobel");

  /** Of sums of 4,096 products in doubles. */
  private static final Offset<Double> ROUNDING = Offset.offset(1e-6);

  @TempDir Path folder;

  private Network network;
  private Preparation preparation;
  private List<Picture> pictures;
  private final List<Found> found = new ArrayList<>();

  @BeforeEach
  void read() {
    network = Network.load(Shipped.model("cnn", folder));
    preparation = Preparation.of(Shipped.PREPROCESS, network.inputShape(), network.name());
    List<Path> files = Shipped.pictures(folder);
    pictures =
        List.of(
            new Picture(preparation.of(Image.read(files.get(0))).pixels(), 0, 3),
            new Picture(preparation.of(Image.read(files.get(1))).pixels(), 1, 2));
  }

  private List<Variant> variants(Init init) {
    List<Variant> list = new ArrayList<>();
    list.add(new Variant(Variant.Kind.ANOTHER_CLASS, "other", "", () -> network));
    new Randomisation(Order.TOP_DOWN, init, 2, 0)
        .of(network.model(), null)
        .forEach(
            s ->
                list.add(
                    new Variant(
                        Variant.Kind.RANDOMISED, s.name(), "", () -> Network.of(s.model()))));
    list.add(new Variant(Variant.Kind.ANOTHER_MODEL, "the same", "", () -> network));
    return list;
  }

  private List<Compared> run(
      List<Variant> variants, boolean absolute, boolean predicted, int batch, int threads) {
    List<String> similarities = List.of("spearman", "ssim");
    return run(settings(METHODS, similarities, absolute, predicted, batch), variants, threads);
  }

  private static SanityCheck.Settings settings(
      List<String> methods,
      List<String> similarities,
      boolean absolute,
      boolean predicted,
      int batch) {
    return new SanityCheck.Settings(
        methods.stream().map(Methods::parse).toList(),
        similarities,
        absolute,
        100,
        predicted,
        batch,
        null);
  }

  /** What each network gave is in found. */
  private List<Compared> run(SanityCheck.Settings settings, List<Variant> variants, int threads) {
    try (Device device = TestDevice.open(threads)) {
      return run(settings, variants, device);
    }
  }

  private List<Compared> run(SanityCheck.Settings settings, List<Variant> variants, Device device) {
    found.clear();
    return new SanityCheck(settings, device, preparation)
        .run(
            network,
            variants,
            pictures,
            new SanityCheck.Listener() {
              @Override
              public void found(int variant, Found of) {
                assertThat(variant).isEqualTo(found.size() - 1);
                found.add(of);
              }

              @Override
              public void rows(long done, long all) {
                assertThat(done).isBetween(0L, all);
              }
            });
  }

  private static double value(List<Compared> all, int image, int method, int variant, int s) {
    int at = ((image * METHODS.size() + method) * 4 + variant) * 3 + s;
    Compared c = all.get(at);
    assertThat(c).isEqualTo(new Compared(image, method, variant, s, c.value(), c.reason()));
    return c.value();
  }

  @Test
  void edgesStayAndWhatExplainsTheModelGoes() {
    List<Compared> all = run(variants(Init.PERMUTE), false, false, 4, 1);
    assertThat(all).hasSize(2 * 3 * 4 * 3);
    for (int image = 0; image < 2; image++) {
      for (int s = 0; s < 2; s++) {
        for (int v = 0; v < 4; v++) {
          assertThat(value(all, image, 2, v, s)).as("sobel").isCloseTo(1, ROUNDING);
        }
        for (int m = 0; m < 2; m++) {
          assertThat(value(all, image, m, 3, s)).as("the same model").isCloseTo(1, ROUNDING);
          assertThat(value(all, image, m, 0, s)).as("another class").isLessThan(0.99);
          assertThat(value(all, image, m, 2, s)).as("all layers").isLessThan(0.5);
          assertThat(value(all, image, m, 2, s)).isLessThan(value(all, image, m, 1, s));
        }
      }
    }
    assertThat(found).hasSize(5);
    assertThat(found.get(1).targets()).containsExactly(3, 2);
    for (int v : new int[] {0, 2, 3, 4}) {
      assertThat(found.get(v).targets()).containsExactly(0, 1);
    }
  }

  @Test
  void similaritiesAreThoseOfTheMapsThatWereFound() {
    List<Compared> all = run(variants(Init.KAIMING), true, false, 4, 1);
    float[] a = found.get(0).maps().get(1).get(0).map();
    float[] b = found.get(3).maps().get(1).get(0).map();
    double n = a.length;
    double[] ra = ranks(a);
    double[] rb = ranks(b);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += (ra[i] - rb[i]) * (ra[i] - rb[i]);
    }
    // Without ties, Spearman's sum of squared differences of ranks.
    assertThat(value(all, 1, 0, 2, 0)).isCloseTo(1 - 6 * sum / (n * (n * n - 1)), ROUNDING);
  }

  /** Complexity of an image's edges stays, that of a model's maps changes with the model. */
  @Test
  void complexityRisesWhereWhatWasLearntGoes() {
    List<Compared> all = run(variants(Init.PERMUTE), false, false, 4, 1);
    for (int image = 0; image < 2; image++) {
      for (int m = 0; m < METHODS.size(); m++) {
        double own = entropy(found.get(0).maps().get(image).get(m).map());
        for (int v = 0; v < 4; v++) {
          double its = entropy(found.get(v + 1).maps().get(image).get(m).map());
          assertThat(value(all, image, m, v, 2)).isCloseTo(its / own - 1, ROUNDING);
        }
        assertThat(value(all, image, m, 3, 2)).as("the same model").isZero();
      }
      assertThat(value(all, image, 2, 2, 2)).as("sobel").isZero();
      assertThat(value(all, image, 0, 2, 2)).as("gradient").isNotZero();
    }
  }

  /** Of 100 bins, the last closed at its end. */
  private static double entropy(float[] map) {
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (float v : map) {
      least = Math.min(least, v);
      most = Math.max(most, v);
    }
    double sum = 0;
    for (int bin = 0; bin < 100; bin++) {
      double n = 0;
      for (float v : map) {
        double at = (v - least) / (most - least) * 100;
        n += at >= bin && (at < bin + 1 || bin == 99) ? 1 : 0;
      }
      sum -= n == 0 ? 0 : n / map.length * Math.log(n / map.length);
    }
    return sum;
  }

  @Test
  void noiseIsTheSameInAllNetworks() {
    List<String> tunnel = List.of("noise-tunnel:method=guided-backprop,samples=3,spread=0.1");
    var same = new Variant(Variant.Kind.ANOTHER_MODEL, "the same", "", () -> network);
    List<Compared> all =
        run(settings(tunnel, List.of("spearman"), false, false, 8), List.of(same), 1);
    assertThat(all.get(0).value()).isCloseTo(1, ROUNDING);
    assertThat(all.get(1).value()).isZero();
    float[] map = found.get(0).maps().get(0).get(0).map();
    assertThat(found.get(1).maps().get(0).get(0).map()).isEqualTo(map);
  }

  /**
   * What a map depends on besides the function is where its baseline lies: 0 stays as images go up,
   * black goes up with them.
   */
  @Test
  void aShiftedInputHasTheSameMapUnlessItsBaselineStays() {
    List<String> methods =
        List.of(
            "gradient",
            "integrated-gradients:baseline=black",
            "integrated-gradients:baseline=zero",
            "input-x-gradient");
    List<Variant> shifted = List.of(Variant.shifted(-1, network), Variant.shifted(2.5f, network));
    List<Compared> all = run(settings(methods, List.of("cosine"), false, false, 4), shifted, 1);
    assertThat(found).hasSize(3);
    for (Compared c : all) {
      if (c.similarity() == 0 && c.method() < 2) {
        assertThat(c.value()).as(c.toString()).isCloseTo(1, Offset.offset(1e-5));
      } else if (c.similarity() == 0) {
        assertThat(c.value()).as(c.toString()).isLessThan(0.99);
      }
    }
    for (int variant = 1; variant < 3; variant++) {
      assertThat(found.get(variant).targets()).containsExactly(0, 1);
      float[] logits = found.get(variant).predictions().get(1).logits();
      float[] own = found.get(0).predictions().get(1).logits();
      for (int i = 0; i < own.length; i++) {
        assertThat(logits[i]).isCloseTo(own[i], Offset.offset(1e-4f));
      }
    }
  }

  @Test
  void shiftsHaveShortNamesAndAreNumbers() {
    for (String[] named :
        new String[][] {{"-1", "input -1"}, {"1000", "input +1000"}, {"0.25", "input +0.25"}}) {
      assertThat(Variant.shifted(Float.parseFloat(named[0]), network).name()).isEqualTo(named[1]);
    }
    assertThatThrownBy(() -> Variant.shifted(Float.NaN, network))
        .isInstanceOf(CandelaException.class)
        .hasMessage("shift: a finite number expected, got NaN");
  }

  @Test
  void binsThatAreNoneAreSaid() {
    for (int bins : new int[] {1, 1 << 20}) {
      assertThatThrownBy(
              () -> new SanityCheck.Settings(List.of(), List.of(), false, bins, false, 1, null))
          .isInstanceOf(CandelaException.class)
          .hasMessage("bins: 2 to 65536 expected, got " + bins);
    }
  }

  private static double[] ranks(float[] map) {
    double[] rank = new double[map.length];
    for (int i = 0; i < map.length; i++) {
      for (float v : map) {
        rank[i] += Math.abs(v) < Math.abs(map[i]) ? 1 : 0;
      }
    }
    return rank;
  }

  @Test
  void predictedExplainsWhatEachRandomModelSays() {
    run(variants(Init.PERMUTE), false, true, 4, 1);
    for (int v = 2; v < 4; v++) {
      for (int i = 0; i < 2; i++) {
        float[] logits = found.get(v).predictions().get(i).logits();
        int target = found.get(v).targets()[i];
        for (float l : logits) {
          assertThat(l).isLessThanOrEqualTo(logits[target]);
        }
      }
    }
    assertThat(found.get(1).targets()).containsExactly(3, 2);
  }

  /** It is the same function of the same picture, whose map should stay. */
  @Test
  void predictedIsNotOfTheModelThatReadsShiftedImages() {
    pictures = pictures.stream().map(p -> new Picture(p.pixels(), 4, 5)).toList();
    SanityCheck.Settings predicted = settings(METHODS, List.of("cosine"), false, true, 4);
    List<Variant> variants =
        List.of(
            Variant.shifted(0.5f, network),
            new Variant(Variant.Kind.ANOTHER_MODEL, "the same", "", () -> network));
    run(predicted, variants, 1);
    assertThat(found.get(1).targets()).containsExactly(4, 4);
    for (int i = 0; i < 2; i++) {
      assertThat(found.get(2).targets()[i])
          .isEqualTo(found.get(2).predictions().get(i).best())
          .isNotEqualTo(4);
    }
  }

  @Test
  void theSameBitsWhateverTheBatchAndTheThreads() {
    org.junit.jupiter.api.Assumptions.assumeTrue(TestDevice.isCpu());
    List<Compared> one = run(variants(Init.PERMUTE), false, false, 1, 1);
    assertThat(run(variants(Init.PERMUTE), false, false, 5, 2)).isEqualTo(one);
  }

  @Test
  void withoutAnotherClassNothingIsCompared() {
    pictures = List.of(new Picture(pictures.get(0).pixels(), 0, -1));
    List<Compared> all = run(variants(Init.PERMUTE), false, false, 4, 1);
    for (int m = 0; m < METHODS.size(); m++) {
      assertThat(value(all, 0, m, 0, 0)).isNaN();
      assertThat(value(all, 0, m, 1, 0)).isNotNaN();
    }
    assertThat(all)
        .allSatisfy(
            c ->
                assertThat(c.reason())
                    .isEqualTo(
                        c.variant() == 0 ? "the model has one score, and no other class" : ""));
  }

  /** An even image has no edges. */
  @Test
  void whatIsNoNumberHasAReason() {
    pictures = List.of(new Picture(new float[3 * 64 * 64], 0, 1));
    List<Compared> all = run(variants(Init.PERMUTE), false, false, 4, 1);
    assertThat(all)
        .filteredOn(c -> c.method() == 2)
        .hasSize(4 * 3)
        .allSatisfy(c -> assertThat(c.value()).isNaN())
        .allSatisfy(c -> assertThat(c.reason()).isEqualTo("the original map is 0 everywhere"));
    assertThat(all)
        .filteredOn(c -> c.method() < 2)
        .isNotEmpty()
        .allSatisfy(c -> assertThat(c.reason().isEmpty()).isEqualTo(!Double.isNaN(c.value())));
  }

  @Test
  void theWorstOfTwoMapsIsTheReason() {
    Fault nan = Fault.of(new float[] {1, 2, Float.NaN});
    Fault zeros = Fault.of(new float[] {0, -0f, 0});
    Fault even = Fault.of(new float[] {2, 2, 2});
    Fault none = Fault.of(new float[] {2, 2, 3});
    assertThat(Fault.ofSimilarity(zeros, nan)).isEqualTo("the variant's map holds NaN or infinity");
    assertThat(Fault.ofSimilarity(even, zeros)).isEqualTo("the variant's map is 0 everywhere");
    assertThat(Fault.ofSimilarity(even, even)).isEqualTo("the original map is the same everywhere");
    assertThat(Fault.ofSimilarity(none, even))
        .isEqualTo("the variant's map is the same everywhere");
    assertThat(Fault.ofSimilarity(none, none))
        .isEqualTo("the measure says nothing of these two maps");
    assertThat(Fault.ofRise(even, zeros)).isEqualTo("the original map is the same everywhere");
    assertThat(Fault.ofRise(none, nan)).isEqualTo("the variant's map holds NaN or infinity");
  }

  @Test
  void aSimilarityOfLargerMapsIsRefusedAtOnce() {
    Preparation small = Preparation.of(Shipped.PREPROCESS, Shape.of(1, 3, 32, 32), "small");
    SanityCheck.fit("ssim", small);
    assertThatThrownBy(() -> SanityCheck.fit("hog", small))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("hog: maps of 48 x 48 or larger expected")
        .hasMessageEndingWith("; compare by another similarity");
  }

  @Test
  void aModelOfOtherImagesOrFewerClassesIsRefused() {
    pictures = List.of(new Picture(pictures.get(0).pixels(), 8, 0));
    assertThatThrownBy(() -> run(List.of(), false, false, 1, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("class 8 is explained, it knows 8");
    Network other = Network.load(candela.Shared.path("models/cifar10/resnet20_bn.onnx"));
    Variant v = new Variant(Variant.Kind.ANOTHER_MODEL, "other", "", () -> other);
    pictures = List.of(new Picture(pictures.get(0).pixels(), 0, 0));
    assertThatThrownBy(() -> run(List.of(v), false, false, 1, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("images [1,3,64,64] expected, as cnn.onnx takes them");
  }

  /** Where all have no room at once; what fails but once fits in the second half of them. */
  @Test
  void picturesThatHaveNoRoomTogetherAreCheckedInHalves() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card's memory is not counted here");
    SanityCheck.Settings settings =
        settings(List.of("integrated-gradients"), List.of("spearman"), false, false, 4);
    List<Variant> variants = variants(Init.PERMUTE).subList(0, 2);
    List<Compared> wanted = run(settings, variants, 1);
    boolean whole = false;
    for (int n = 1; !whole; n++) {
      try (var device = new ScarceDevice(TestDevice.open(1), 1L << 40)) {
        device.refuse(n);
        assertThat(run(settings, variants, device)).as("allocation %d", n).isEqualTo(wanted);
        assertThat(found).allSatisfy(f -> assertThat(f.maps()).hasSize(2));
        whole = !device.hasRefused();
        assertThat(device.held()).isZero();
      }
    }
  }
}
