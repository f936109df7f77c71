package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.device.Work;
import candela.rule.Composite;
import candela.rule.Presets;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pieces that may run side by side give the same bits in whatever order that allows. */
class PiecesTest {
  private static final int LANES = 4;

  @TempDir Path folder;

  /** Whole lanes as late as may be, as early as may be, or pieces at random. */
  private enum Order {
    FIRST_LANE,
    LAST_LANE,
    RANDOM;

    private int next(List<Integer> ready, List<Work> work, Random random) {
      return switch (this) {
        case FIRST_LANE -> ready.getFirst();
        case LAST_LANE -> ready.getLast();
        case RANDOM -> ready.get(random.nextInt(ready.size()));
      };
    }
  }

  /** Runs all pieces, each when its lane and its waits let it. */
  private static void run(List<Work> work, Order order, Random random) {
    boolean[] done = new boolean[work.size()];
    for (int left = work.size(); left > 0; left--) {
      List<Integer> ready = new ArrayList<>();
      for (int lane = 0; lane < LANES; lane++) {
        int next = first(work, lane, done);
        if (next >= 0 && work.get(next).after().stream().allMatch(j -> done[j])) {
          ready.add(next);
        }
      }
      int i = order.next(ready, work, random);
      work.get(i).task().run();
      done[i] = true;
    }
  }

  private static int first(List<Work> work, int lane, boolean[] done) {
    for (int i = 0; i < done.length; i++) {
      if (!done[i] && work.get(i).lane() == lane) {
        return i;
      }
    }
    return -1;
  }

  private static float[] draw(int n, Random random) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) random.nextGaussian();
    }
    return v;
  }

  /** How many pieces ran in other lanes than the main one. */
  private static long compare(String name, Session s, Rules rules, int shuffles) {
    Random random = new Random(9);
    boolean back = rules != null;
    s.device().write(s.input(), draw(s.input().count(), random));
    float[] seed = back ? draw(s.seed().count(), random) : null;
    s.forward();
    float[] logits = s.device().read(s.logits());
    float[] gradient = null;
    if (back) {
      s.device().write(s.seed(), seed);
      s.backward(rules);
      gradient = s.device().read(s.gradient());
    }
    List<Work> forward = Piece.side(s.pieces().forward(s.order()), LANES);
    List<Work> backward =
        back ? Piece.side(s.pieces().backward(s.rules(rules)), LANES) : List.of();
    for (int i = 0; i < shuffles; i++) {
      Order order = Order.values()[i % Order.values().length];
      run(forward, order, random);
      assertThat(s.device().read(s.logits())).as("%s, logits, %s", name, order).isEqualTo(logits);
      if (back) {
        s.device().write(s.seed(), seed);
        run(backward, order, random);
        assertThat(s.device().read(s.gradient()))
            .as("%s, gradient, %s", name, order)
            .isEqualTo(gradient);
      }
    }
    return forward.stream().filter(w -> w.lane() > 0).count()
        + backward.stream().filter(w -> w.lane() > 0).count();
  }

  @Test
  void drawnNetworksGiveTheSameBits() {
    long beside = 0;
    try (Device device = TestDevice.open(1)) {
      for (int seed = 0; seed < 60; seed++) {
        Network network =
            Network.of(seed % 2 == 0 ? new DrawnModel(seed).model() : new DrawnTrunk(seed).model())
                .channelsFirst();
        for (Storage storage : List.of(Storage.FLOAT32, Storage.BF16)) {
          int batch = seed % 2 == 0 ? DrawnModel.IMAGE[0] : 1 + seed % 3;
          Graph graph = network.graph(batch, SessionOptions.GRADIENT);
          // By rows, too: pieces are then slices of nodes.
          long slice = seed % 3 == 0 ? 1 : Long.MAX_VALUE;
          try (Session s =
              Session.open(graph, device, SessionOptions.GRADIENT, slice, storage)) {
            beside += compare("model " + seed + " " + storage, s, Rules.GRADIENT, 6);
          }
        }
      }
    }
    assertThat(beside).as("pieces beside the main lane").isGreaterThan(200);
  }

  @Test
  void rulesGiveTheSameBits() {
    List<Rules> all =
        List.of(
            Composite.EPSILON_PLUS_FLAT.rules(
                new Composite.Numbers(1e-6f, .25f, true, List.of(-4f), List.of(4f))),
            Presets.deepLiftRescale(false),
            Presets.deepLiftRevealCancel(false),
            Presets.excitationBackprop(true),
            Presets.guidedBackprop());
    int ran = 0;
    try (Device device = TestDevice.open(1)) {
      for (int seed = 1; seed < 24; seed += 2) {
        Network network = Network.of(new DrawnTrunk(seed).model()).channelsFirst();
        for (Rules rules : all) {
          SessionOptions options = new SessionOptions(List.of(""), null, List.of(rules));
          try (Session s = network.session(device, 2, options)) {
            compare("trunk " + seed + " " + rules, s, rules, 3);
            ran++;
          } catch (CandelaException e) {
            assertThat(e).as("a rule that has no meaning there").hasMessageContaining("rule");
          }
        }
      }
    }
    assertThat(ran).isGreaterThan(30);
  }

  @ParameterizedTest
  @ValueSource(strings = {"inception_v1", "resnet50", "squeezenet", "shufflenet"})
  void realNetworksRunSideBySide(String name) throws Exception {
    Path file = Redrawn.write(Shared.path("models/light/light_" + name + ".onnx"), folder, 7);
    try (Device device = TestDevice.open(0);
        Session s = Network.load(file).session(device, 1, SessionOptions.GRADIENT)) {
      assertThat(compare(name, s, Rules.GRADIENT, 3)).isGreaterThan(5);
    }
  }
}
