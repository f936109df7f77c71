package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.device.Memory;
import candela.onnx.ModelBuilder;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What only windows change has the bits of what is computed as a whole. */
class WindowedTest {
  private static final int DRAWN = 80;

  @BeforeEach
  void onlyWhereSizesDoNotChangeBits() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card takes another algorithm for another size");
  }

  @Test
  void scoresOfNetworksAtRandomKeepTheirBits() {
    int followed = 0;
    for (int seed = 0; seed < DRAWN; seed++) {
      Network network = Network.of(new DrawnTrunk(seed).model());
      Random random = new Random(seed);
      int batch = 1 + seed % 5;
      followed +=
          same(network, batch, 1 + random.nextInt(9), 1 + random.nextInt(9), random) ? 1 : 0;
    }
    assertThat(followed).isGreaterThan(DRAWN / 2);
  }

  /**
   * Two ways that take as many pixels and end at the same one: what is behind them must know how
   * far the further one reaches. ReLU lets nothing of it through unless the image is far from 0.
   */
  @Test
  void theFurtherOfTwoWaysIsFollowed() {
    Random random = new Random(7);
    var model = new ModelBuilder(12).input("x", -1, 3, 40, 40);
    model.constant("near", Shape.of(32, 3, 3, 3), drawn(random, 32 * 27));
    model.constant("two", Shape.of(32, 3, 2, 2), drawn(random, 32 * 12));
    model.constant("far", Shape.of(32, 32, 3, 3), drawn(random, 32 * 288));
    float[] high = new float[32];
    Arrays.fill(high, -300);
    model.constant("high", Shape.of(32), high);
    model.constant("five", Shape.of(8, 32, 5, 5), drawn(random, 8 * 800));
    int[] ones = {1, 1, 1, 1};
    model.node("Conv", "x,near", "a", "pads", ones);
    model.node("Conv", "x,two", "b", "pads", new int[] {1, 1, 0, 0});
    model.node("Conv", "b,far,high", "c", "pads", ones);
    model.node("Relu", "c", "d");
    model.node("Mul", "d,a", "e");
    model.node("Conv", "e,five", "f", "pads", new int[] {2, 2, 2, 2});
    model.node("GlobalAveragePool", "f", "g").node("Flatten", "g", "y");
    Network network = Network.of(model.output("y").model());
    for (int side : new int[] {5, 6, 7, 8}) {
      assertThat(same(network, 4, side, side, new Random(side))).isTrue();
    }
  }

  /** Where windows would be larger than the image, or the model is made for another batch. */
  @Test
  void windowsBeyondTheImageAreItsOwn() {
    Network network = Network.of(new DrawnTrunk(1).model());
    try (Device device = TestDevice.open(1);
        Windowed windowed = Windowed.open(network, device, 2, null, 500, 3)) {
      assertThat(windowed).isNull();
    }
  }

  @ParameterizedTest
  @CsvSource({"squeezenet1.1, 53", "squeezenet1.1, 5", "mobilenet_v2_1.0_224, 29"})
  void scoresOfRealNetworksKeepTheirBits(String name, int window) {
    Network network = Network.load(Shared.path("models/" + name + ".onnx"));
    assertThat(same(network, 4, window, window - 1, new Random(window))).isTrue();
  }

  /** Whether windows are followed at all. Where they are, all bits must be the same. */
  private static boolean same(Network network, int batch, int tall, int wide, Random random) {
    Graph graph = network.graph(batch, SessionOptions.FORWARD);
    try (Device device = TestDevice.open(1 + random.nextInt(2));
        Session whole = Session.open(graph, device, SessionOptions.FORWARD);
        Windowed windowed = Windowed.open(network, device, batch, null, tall, wide)) {
      assertThat(windowed != null)
          .as("%s: the first nodes have the same bits, too", network.name())
          .isEqualTo(WindowedGraph.of(graph, tall, wide) != null);
      if (windowed == null) {
        return false;
      }
      Shape s = whole.input().shape();
      for (int round = 0; round < 3; round++) {
        float[] image = drawn(random, s.count(1, 4));
        float scale = round == 2 ? 100 : 1;
        for (int i = 0; i < image.length; i++) {
          image[i] *= scale;
        }
        try (Memory memory = device.allocate(image.length * 4L)) {
          Tensor x = new Tensor(s.with(0, 1), memory.segment());
          device.write(x, image);
          windowed.image(x);
        }
        int[] corner = new int[2 * batch];
        for (int r = 0; r < batch; r++) {
          corner[2 * r] = edge(random, s.dim(2) - tall);
          corner[2 * r + 1] = edge(random, s.dim(3) - wide);
          float[] row = image.clone();
          for (int i = 0; i < row.length; i++) {
            int down = i / s.dim(3) % s.dim(2) - corner[2 * r];
            int across = i % s.dim(3) - corner[2 * r + 1];
            if (down >= 0 && down < tall && across >= 0 && across < wide) {
              row[i] = scale * (float) random.nextGaussian();
            }
          }
          device.write(whole.input().rows(r, r + 1), row);
          device.write(windowed.session().input().rows(r, r + 1), row);
        }
        whole.forward();
        windowed.corners(corner);
        windowed.session().forward();
        assertThat(device.read(windowed.session().output()))
            .as("%s, windows of %d x %d", network.name(), tall, wide)
            .isEqualTo(device.read(whole.output()));
      }
      return true;
    }
  }

  private static float[] drawn(Random random, int n) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** Often the first or the last place. */
  private static int edge(Random random, int last) {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> last;
      default -> random.nextInt(last + 1);
    };
  }

  /**
   * A window of the whole image changes everything, and pixels of its own are nothing to follow.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whereNothingIsSavedThereIsNoSession(boolean large) {
    var model = new ModelBuilder(12).input("x", -1, 3, 16, 16);
    model.constant("w", Shape.of(4, 3, 16, 16), drawn(new Random(1), 4 * 3 * 256));
    model.constant("v", Shape.of(4, 3, 3, 3), drawn(new Random(2), 4 * 3 * 9));
    model.node("Conv", large ? "x,v" : "x,w", "y", "pads", new int[4]).node("Flatten", "y", "z");
    try (Device device = TestDevice.open(1)) {
      Network network = Network.of(model.output("z").model());
      assertThat(Windowed.open(network, device, 2, null, large ? 16 : 3, large ? 16 : 3)).isNull();
    }
  }

  @Test
  void lessIsComputed() {
    Network network = Network.load(Shared.path("models/squeezenet1.1.onnx"));
    Graph whole = network.graph(2, SessionOptions.FORWARD);
    long all = flops(whole);
    assertThat(flops(WindowedGraph.of(whole, 53, 53).graph())).isLessThan(all * 70 / 100);
    assertThat(flops(WindowedGraph.of(whole, 5, 5).graph())).isLessThan(all * 60 / 100);
  }

  private static long flops(Graph g) {
    return g.nodes().stream().mapToLong(n -> n.op().flops(n)).sum();
  }
}
