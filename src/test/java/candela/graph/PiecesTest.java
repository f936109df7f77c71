package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.device.Work;
import candela.onnx.ModelBuilder;
import candela.rule.Composite;
import candela.rule.Presets;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
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

  /** Networks drawn at random, and recorded runs of each: more for a card. */
  private static final int SEEDS = Integer.getInteger("lanes.seeds", 24);

  private static final int RUNS = Integer.getInteger("lanes.runs", 4);

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

  /** What goes in, and what comes out where all runs one after another. */
  private record Case(float[] x, float[] seed, float[][] results) {
    /** Two in turn: what the one left must not be taken for what the other gives. */
    static List<Case> two(Session s, Rules rules, Runnable forward, Runnable backward) {
      List<Case> cases = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Random random = new Random(i);
        float[] x = draw(s.input().count(), random);
        float[] seed = rules == null ? null : draw(s.seed().count(), random);
        Case c = new Case(x, seed, new float[2][]);
        cases.add(new Case(x, seed, c.run(s, forward, backward)));
      }
      return cases;
    }

    float[][] run(Session s, Runnable forward, Runnable backward) {
      s.device().write(s.input(), x);
      forward.run();
      float[] logits = s.device().read(s.logits());
      if (seed == null) {
        return new float[][] {logits};
      }
      s.device().write(s.seed(), seed);
      backward.run();
      return new float[][] {logits, s.device().read(s.gradient())};
    }
  }

  /** How many pieces run in other lanes than the main one. */
  private static long compare(String name, Session s, Rules rules, int shuffles) {
    Random random = new Random(9);
    List<Case> cases = Case.two(s, rules, s::forward, () -> s.backward(rules));
    List<Work> forward = Piece.side(s.pieces().forward(s.order()), LANES);
    List<Work> backward = Piece.side(s.pieces().backward(s.rules(rules)), LANES);
    for (int i = 0; i < shuffles; i++) {
      Order order = Order.values()[i % Order.values().length];
      Case c = cases.get(i % 2);
      float[][] got =
          c.run(s, () -> run(forward, order, random), () -> run(backward, order, random));
      assertThat(got).as("%s, %s, run %d", name, order, i).isDeepEqualTo(c.results());
    }
    return forward.stream().filter(w -> w.lane() > 0).count()
        + backward.stream().filter(w -> w.lane() > 0).count();
  }

  /** Three blocks of GoogLeNet's kind: four branches, each with its ReLU, in one concatenation. */
  private static Network inception() {
    Random random = new Random(8);
    ModelBuilder m = new ModelBuilder(13).input("x", -1, 3, 9, 9);
    String x = "x";
    int channels = 3;
    for (int block = 0; block < 3; block++) {
      String one = convolved(m, x, channels, 8, 1, random);
      String three = convolved(m, convolved(m, x, channels, 6, 1, random), 6, 12, 3, random);
      String five = convolved(m, convolved(m, x, channels, 4, 1, random), 4, 8, 5, random);
      String pooled = x + "p";
      int[] pads = {1, 1, 1, 1};
      m.node("MaxPool", x, pooled, "kernel_shape", new int[] {3, 3}, "pads", pads);
      String last = convolved(m, pooled, channels, 5, 1, random);
      x = "block" + block;
      m.node("Concat", String.join(",", one, three, five, last), x, "axis", 1);
      channels = 33;
    }
    m.node("GlobalAveragePool", x, "mean").node("Flatten", "mean", "scores");
    return Network.of(m.output("scores").model()).channelsFirst();
  }

  private static String convolved(
      ModelBuilder m, String x, int c, int oc, int side, Random random) {
    String y = x + "c" + random.nextInt();
    float[] weights = draw(oc * c * side * side, random);
    m.constant(y + "w", Shape.of(oc, c, side, side), weights);
    int pad = side / 2;
    m.node("Conv", x + "," + y + "w", y, "pads", new int[] {pad, pad, pad, pad});
    m.node("Relu", y, y + "r");
    return y + "r";
  }

  @Test
  void branchesOfOneConcatenationRunInAllLanes() {
    try (Device device = TestDevice.open(1);
        Session s = inception().session(device, 2, SessionOptions.GRADIENT)) {
      List<Work> forward = Piece.side(s.pieces().forward(s.order()), LANES);
      assertThat(forward).extracting(Work::lane).contains(0, 1, 2, 3);
      // A block: the reductions beside pool and first branch, then the other three.
      assertThat(Lanes.longest(s.pieces().forward(s.order()).stream().map(Piece::touched).toList()))
          .isLessThanOrEqualTo(3 * 2 + 2);
      // Back: all four give one gradient of the block's input, one after another.
      List<Work> backward = Piece.side(s.pieces().backward(s.rules(Rules.GRADIENT)), LANES);
      assertThat(backward).extracting(Work::lane).contains(0, 1, 2, 3);
      compare("inception", s, Rules.GRADIENT, 12);
    }
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
              Session.open(
                  graph,
                  device,
                  SessionOptions.GRADIENT,
                  slice,
                  new Session.Holding(storage, seed % 4 < 2, seed % 8 < 4))) {
            beside += compare("model " + seed + " " + storage, s, Rules.GRADIENT, 6);
          }
        }
      }
    }
    assertThat(beside).as("pieces beside the main lane").isGreaterThan(200);
  }

  private static List<Rules> allRules() {
    return List.of(
        Composite.EPSILON_PLUS_FLAT.rules(
            new Composite.Numbers(1e-6f, .25f, true, List.of(-4f), List.of(4f))),
        Presets.deepLiftRescale(false),
        Presets.deepLiftRevealCancel(false),
        Presets.excitationBackprop(true),
        Presets.guidedBackprop());
  }

  @Test
  void rulesGiveTheSameBits() {
    int ran = 0;
    try (Device device = TestDevice.open(1)) {
      for (int seed = 1; seed < 24; seed += 2) {
        Network network = Network.of(new DrawnTrunk(seed).model()).channelsFirst();
        for (Rules rules : allRules()) {
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
  @ValueSource(strings = {"inception_v1", "squeezenet"})
  void realNetworksRunSideBySide(String name) throws Exception {
    Path file = Redrawn.write(Shared.path("models/light/light_" + name + ".onnx"), folder, 7);
    Network network = Network.load(file);
    try (Device device = TestDevice.open(0)) {
      try (Session s = network.session(device, 1, SessionOptions.GRADIENT)) {
        assertThat(compare(name, s, Rules.GRADIENT, 4)).isGreaterThan(5);
      }
      compareRecorded(name, network, device, 1);
    }
  }

  /** Whatever a piece does not name is made noise before it runs, and must be noise after. */
  @Test
  void piecesTouchNothingButWhatTheyName() {
    int pieces = 0;
    try (Device device = TestDevice.open(1)) {
      for (int seed = 0; seed < 7; seed++) {
        boolean trunk = seed % 2 == 1;
        Network network =
            seed == 0
                ? inception()
                : Network.of(trunk ? new DrawnTrunk(seed).model() : new DrawnModel(seed).model())
                    .channelsFirst();
        int batch = trunk ? 2 : DrawnModel.IMAGE[0];
        for (int form = 0; form < 4; form++) {
          Storage storage = form % 2 == 0 ? Storage.FLOAT32 : Storage.BF16;
          Session.Holding holding = new Session.Holding(storage, form < 2, true);
          Graph graph = network.graph(batch, SessionOptions.GRADIENT);
          try (Session s =
              Session.open(graph, device, SessionOptions.GRADIENT, Long.MAX_VALUE, holding)) {
            pieces += touch("model " + seed + ", form " + form, s, Rules.GRADIENT);
          }
        }
        for (Rules rules : trunk ? allRules() : List.<Rules>of()) {
          SessionOptions options = new SessionOptions(List.of(""), null, List.of(rules));
          try (Session s = network.session(device, 2, options)) {
            pieces += touch("model " + seed + " " + rules, s, rules);
          } catch (CandelaException e) {
            assertThat(e).as("a rule that has no meaning there").hasMessageContaining("rule");
          }
        }
      }
    }
    assertThat(pieces).isGreaterThan(250);
  }

  /** How many pieces ran. */
  private static int touch(String name, Session s, Rules rules) {
    Random random = new Random(5);
    s.device().write(s.input(), draw(s.input().count(), random));
    List<Piece> forward = s.pieces().forward(s.order());
    forward.forEach(p -> touch(name, s, p, random));
    s.device().write(s.seed(), draw(s.seed().count(), random));
    List<Piece> backward = s.pieces().backward(s.rules(rules));
    backward.forEach(p -> touch(name, s, p, random));
    return forward.size() + backward.size();
  }

  private static void touch(String name, Session s, Piece piece, Random random) {
    Device device = s.device();
    MemorySegment arena = s.arena();
    byte[] before = new byte[(int) arena.byteSize()];
    byte[] named = new byte[before.length];
    piece.touched().forEach(r -> name(r, arena.address(), named));
    device.copyOut(arena, MemorySegment.ofArray(before));
    piece.run().run();
    byte[] after = new byte[before.length];
    device.copyOut(arena, MemorySegment.ofArray(after));
    byte[] noise = new byte[before.length];
    random.nextBytes(noise);
    for (int i = 0; i < noise.length; i++) {
      noise[i] = named[i] == 0 ? noise[i] : before[i];
    }
    device.copyIn(MemorySegment.ofArray(noise), arena);
    piece.run().run();
    byte[] again = new byte[before.length];
    device.copyOut(arena, MemorySegment.ofArray(again));
    for (int i = 0; i < before.length; i++) {
      boolean written = named[i] == 2;
      if (again[i] != (written ? after[i] : noise[i]) || !written && after[i] != before[i]) {
        throw new AssertionError(
            name + ": byte " + i + " of " + piece.touched() + " of " + arena.address());
      }
    }
    device.copyIn(MemorySegment.ofArray(after), arena);
  }

  /** Marks bytes that are read (1) or written (2). */
  private static void name(Lanes.Range r, long start, byte[] named) {
    for (long at = r.from(); at < r.to(); at++) {
      long column = r.row() == 0 ? 0 : (at - r.from()) % r.row();
      int i = (int) (at - start);
      if (i >= 0
          && i < named.length
          && (r.row() == 0 || column >= r.left() && column < r.right())) {
        named[i] = (byte) Math.max(named[i], r.written() ? 2 : 1);
      }
    }
  }

  /** On a card: the first runs are plain, the others recorded. */
  @Test
  void recordedRunsGiveTheBitsOfPlainOnes() {
    try (Device device = TestDevice.open(1)) {
      for (int seed = 1; seed < SEEDS; seed += 2) {
        Network network = Network.of(new DrawnTrunk(seed).model()).channelsFirst();
        compareRecorded("trunk " + seed, network, device, 1 + seed % 3);
      }
      compareRecorded("inception", inception(), device, 2);
    }
  }

  private static void compareRecorded(String name, Network network, Device device, int batch) {
    List<Case> cases;
    try (Session s = network.session(device, batch, SessionOptions.GRADIENT)) {
      List<Piece> forward = s.pieces().forward(s.order());
      List<Piece> backward = s.pieces().backward(s.rules(Rules.GRADIENT));
      cases =
          Case.two(
              s,
              Rules.GRADIENT,
              () -> forward.forEach(p -> p.run().run()),
              () -> backward.forEach(p -> p.run().run()));
    }
    for (boolean rehearsed : new boolean[] {false, true}) {
      try (Session s = network.session(device, batch, SessionOptions.GRADIENT)) {
        if (rehearsed) {
          s.rehearse();
        }
        for (int i = 0; i < RUNS; i++) {
          Case c = cases.get(i % 2);
          assertThat(c.run(s, s::forward, () -> s.backward(Rules.GRADIENT)))
              .as("%s, run %d", name, i)
              .isDeepEqualTo(c.results());
        }
      }
    }
  }
}
