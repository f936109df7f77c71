package candela.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.OutOfMemory;
import candela.device.Scratch;
import candela.graph.Network;
import candela.graph.ScoreKind;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.graph.Windowed;
import candela.method.Attribution;
import candela.method.IntegratedGradients;
import candela.method.Method;
import candela.method.Methods;
import candela.method.SlidingPatch;
import candela.method.Subject;
import candela.onnx.ModelBuilder;
import candela.tensor.Shape;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where memory is short, batches get smaller and what is not needed goes; maps stay. */
class OutOfMemoryTest {
  private static final int BATCH = 16;

  /** A method's own, and some of those of its session for windows. */
  private static final int ALLOCATIONS = 10;

  private static final Method GRADIENTS = new IntegratedGradients();

  private static final Method SCORES = Methods.parse("occlusion:window=8,stride=8");

  /** Rows enough for a session of windows. */
  private static final Method WINDOWS = new SlidingPatch(5, 1, ScoreKind.LOGIT);

  private final Network network = network();

  @BeforeEach
  void onlyOnTheCpu() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card's memory is not counted here");
  }

  /** Two convolutions and the mean of what they give. */
  private static Network network() {
    ModelBuilder model = new ModelBuilder(12).input("x", -1, 3, 32, 32);
    model.constant("w", Shape.of(16, 3, 3, 3), drawn(16 * 27));
    model.constant("v", Shape.of(16, 16, 3, 3), drawn(16 * 144));
    model.node("Conv", "x,w", "a", "pads", new int[] {1, 1, 1, 1}).node("Relu", "a", "b");
    model.node("Conv", "b,v", "c", "strides", new int[] {2, 2}).node("Relu", "c", "d");
    model.node("GlobalAveragePool", "d", "e").node("Flatten", "e", "y");
    return Network.of(model.output("y").model());
  }

  private static float[] drawn(int n) {
    float[] x = new float[n];
    Random random = new Random(n);
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  private static ScarceDevice plenty() {
    return new ScarceDevice(TestDevice.open(1), 1L << 40);
  }

  private static Subject subject() {
    Shape shape = Shape.of(3, 32, 32);
    return new Subject(shape, drawn(shape.count()), 3);
  }

  private static float[] map(Pipeline pipeline, ScarceDevice device, Method method) {
    try (Workspace workspace = new Workspace(device)) {
      Probe<Attribution> probe = method.probe(subject(), workspace);
      pipeline.run(List.of(probe));
      return probe.result().values();
    }
  }

  /** What a method's sessions take. */
  private long taken(Method method) {
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH)) {
      long before = device.left();
      map(pipeline, device, method);
      return before - device.left();
    }
  }

  private float[] wanted(Method method) {
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH)) {
      return map(pipeline, device, method);
    }
  }

  @Test
  void aBatchWithoutRoomIsHalved() {
    long needed = taken(GRADIENTS);
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH)) {
      device.leave(needed * 2 / 3);
      assertThat(map(pipeline, device, GRADIENTS)).isEqualTo(wanted(GRADIENTS));
      assertThat(pipeline.batches().get("gradient")).isBetween(1, BATCH / 2);
    }
  }

  @Test
  void aSessionForWindowsGoesWhereAnotherNeedsItsRoom() {
    long needed = taken(GRADIENTS);
    long windows = taken(WINDOWS);
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH)) {
      device.leave(Math.max(needed, windows) + (1 << 17));
      map(pipeline, device, WINDOWS);
      assertThat(device.left()).as("windows hold their session").isLessThan(needed);
      assertThat(map(pipeline, device, GRADIENTS)).isEqualTo(wanted(GRADIENTS));
      assertThat(pipeline.batches().get("gradient")).isEqualTo(BATCH);
      assertThat(map(pipeline, device, WINDOWS)).as("and goes on").isEqualTo(wanted(WINDOWS));
    }
  }

  /** The scores of a batch are handed out after the next one was queued. */
  @Test
  void scoresThatWaitAreHandedOutBeforeTheirSessionMakesRoom() {
    long needed = Math.max(taken(SCORES), taken(GRADIENTS));
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH);
        Workspace workspace = new Workspace(device)) {
      Probe<Attribution> scores = SCORES.probe(subject(), workspace);
      Probe<Attribution> gradients = GRADIENTS.probe(subject(), workspace);
      device.leave(needed + (1 << 17));
      pipeline.run(List.of(scores, gradients));
      assertThat(device.left()).as("one session at a time").isGreaterThan(0);
      assertThat(pipeline.batches()).hasSize(2).containsValue(BATCH);
      assertThat(scores.result().values()).isEqualTo(wanted(SCORES));
      assertThat(gradients.result().values()).isEqualTo(wanted(GRADIENTS));
    }
  }

  @Test
  void withoutRoomForASessionOfTheirOwnWindowsAreComputedAsAWhole() {
    float[] wanted = wanted(WINDOWS);
    int whole = 0;
    for (int n = 1; n <= ALLOCATIONS; n++) {
      try (ScarceDevice device = plenty();
          Pipeline pipeline = new Pipeline(network, device, BATCH)) {
        device.refuse(n);
        assertThat(map(pipeline, device, WINDOWS)).isEqualTo(wanted);
        whole++;
      } catch (OutOfMemory e) {
        assertThat(n).as("the first ones are the method's own").isLessThan(ALLOCATIONS / 2);
      }
    }
    assertThat(whole).isGreaterThan(ALLOCATIONS / 2);
  }

  @Test
  void whatCannotBeOpenedHoldsNothing() {
    try (ScarceDevice device = plenty()) {
      boolean opened = false;
      for (int n = 1; !opened; n++) {
        device.refuse(n);
        opened = opens(device);
        assertThat(device.held()).as("allocation %d", n).isZero();
      }
    }
  }

  /** Both kinds of sessions, closed again; false where there was no room for one of them. */
  private boolean opens(ScarceDevice device) {
    try (Session session = network.session(device, 4, SessionOptions.GRADIENT);
        Windowed windowed = Windowed.open(network, device, 4, null, 5, 5)) {
      assertThat(windowed.session().batch()).isEqualTo(session.batch());
      return true;
    } catch (OutOfMemory e) {
      return false;
    }
  }

  /**
   * Tables of an enlargement, a scale and a shift of their own, and weights that a rule changes.
   */
  @Test
  void whatANodeHasNoRoomForIsGivenBackWithTheRest() {
    ModelBuilder model = new ModelBuilder(12).input("x", -1, 3, 32, 32);
    model.constant("one", Shape.of(3), 1, 2, 3).constant("sizes", Shape.of(4), 1, 1, 1.5f, 1.5f);
    model.constant("w", Shape.of(4, 3, 3, 3), drawn(108)).constant("b", Shape.of(4), drawn(4));
    model.node("BatchNormalization", "x,one,one,one,one", "a").node("Relu", "a", "c");
    model.node("Resize", "c,,sizes", "d", "mode", "linear").node("Conv", "d,w,b", "e");
    model.node("Relu", "e", "f").node("GlobalAveragePool", "f", "g").node("Flatten", "g", "y");
    Network network = Network.of(model.output("y").model());
    Method lrp = Methods.parse("lrp:composite=epsilon_alpha2_beta1");
    try (ScarceDevice device = plenty()) {
      boolean whole = false;
      for (int n = 1; !whole; n++) {
        device.refuse(n);
        try (Pipeline pipeline = new Pipeline(network, device, 1)) {
          map(pipeline, device, lrp);
          whole = n > 2 * ALLOCATIONS;
        } catch (OutOfMemory e) {
          // told by whoever asked
        }
        assertThat(device.held()).as("allocation %d", n).isZero();
      }
    }
  }

  @Test
  void withoutRoomForARowThereIsOneSentence() {
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH)) {
      device.leave(1 << 17);
      assertThatThrownBy(() -> map(pipeline, device, GRADIENTS))
          .isInstanceOf(OutOfMemory.class)
          .hasMessageContaining("batch 1: cpu: no room for");
    }
  }

  /** Neither one that had no room at all makes them smaller, nor one whose rows take more. */
  @Test
  void batchesOfOthersStayAsLargeAsTheyWere() {
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH)) {
      device.leave(1 << 17);
      assertThatThrownBy(() -> map(pipeline, device, GRADIENTS)).isInstanceOf(OutOfMemory.class);
      device.leave(taken(GRADIENTS) * 2 / 3);
      map(pipeline, device, GRADIENTS);
      assertThat(pipeline.batches().get("gradient")).as("after none").isEqualTo(BATCH / 2);
      device.leave(taken(SCORES) + (1 << 17));
      map(pipeline, device, SCORES);
      assertThat(pipeline.batches().get("forward")).isEqualTo(BATCH);
    }
  }

  /** Those of a run are kept for the next: of another pipeline, and of what a method keeps. */
  @Test
  void sessionsThatNobodyRunsGoWhereOthersNeedTheirRoom() {
    long needed = taken(GRADIENTS);
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH);
        Pipeline other = new Pipeline(network, device, BATCH)) {
      device.leave(needed + (1 << 17));
      map(pipeline, device, GRADIENTS);
      assertThat(device.left()).as("sessions are kept").isLessThan(needed);
      assertThat(map(other, device, GRADIENTS)).isEqualTo(wanted(GRADIENTS));
      assertThat(other.batches().get("gradient")).isEqualTo(BATCH);
      try (Workspace workspace = new Workspace(device)) {
        assertThat(workspace.allocate(needed).byteSize()).isEqualTo(needed);
        assertThatThrownBy(() -> workspace.allocate(needed)).isInstanceOf(OutOfMemory.class);
      }
      assertThat(map(pipeline, device, GRADIENTS)).isEqualTo(wanted(GRADIENTS));
      assertThat(pipeline.batches().get("gradient")).isEqualTo(BATCH);
    }
  }

  @Test
  void aBatchIsWholeAgainOnceThereIsRoom() {
    try (ScarceDevice device = plenty();
        Pipeline pipeline = new Pipeline(network, device, BATCH)) {
      device.leave(taken(GRADIENTS) * 2 / 3);
      map(pipeline, device, GRADIENTS);
      assertThat(pipeline.batches().get("gradient")).isEqualTo(BATCH / 2);
      map(pipeline, device, GRADIENTS);
      assertThat(pipeline.batches().get("gradient")).as("as before").isEqualTo(BATCH / 2);
      device.leave(2 * taken(GRADIENTS));
      assertThat(map(pipeline, device, GRADIENTS)).isEqualTo(wanted(GRADIENTS));
      assertThat(pipeline.batches().get("gradient")).isEqualTo(BATCH);
    }
  }

  /** It would grow to twice what it was, and by 32 MiB at least. */
  @Test
  void workingMemoryTakesNoMoreThanIsNeededWhereThereIsNoRoomToGrow() {
    try (ScarceDevice device = plenty();
        Scratch scratch = new Scratch(device)) {
      device.leave(4 << 20);
      assertThat(scratch.bytes(1 << 20).byteSize()).isEqualTo(1 << 20);
      assertThat(scratch.bytes(3 << 20).byteSize()).isEqualTo(3 << 20);
      assertThatThrownBy(() -> scratch.bytes(4 << 20)).isInstanceOf(OutOfMemory.class);
      assertThat(scratch.bytes(2 << 20).byteSize()).isEqualTo(3 << 20);
    }
  }
}
