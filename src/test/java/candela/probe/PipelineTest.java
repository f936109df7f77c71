package candela.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.ScoreKind;
import candela.method.Toy;
import candela.onnx.ModelBuilder;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** ML gives −1 + relu(s − 10) + 3 relu(s + 1) for the sum s: 4s − 8 above 10. */
class PipelineTest {
  @TempDir Path folder;
  private Device device;
  private Network network;

  @BeforeEach
  void open() {
    device = TestDevice.open(1);
    network = Network.load(Toy.ml(folder));
  }

  @AfterEach
  void close() {
    device.close();
  }

  /** Writes the rows first, first + 1, … as 10 + index, 0, 0; one a step where it waits. */
  private class Counting implements Probe<List<Float>> {
    private final int size;
    private final boolean waits;
    private final int target;
    private final List<Float> scores = new ArrayList<>();
    private final List<Integer> offered = new ArrayList<>();
    private int written;

    Counting(int size, boolean waits, int target) {
      this.size = size;
      this.waits = waits;
      this.target = target;
    }

    @Override
    public Ask ask() {
      return Ask.score(ScoreKind.LOGIT);
    }

    @Override
    public int target() {
      return target;
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public int width() {
      return waits ? 1 : size;
    }

    @Override
    public int next(Tensor rows) {
      assertThat(scores).hasSize(written);
      offered.add(rows.shape().dim(0));
      int n = Math.min(waits ? 1 : rows.shape().dim(0), size - written);
      for (int i = 0; i < n; i++) {
        device.write(rows.rows(i, i + 1), new float[] {10 + written + i, 0, 0});
      }
      written += n;
      return n;
    }

    @Override
    public void take(Answers answers) {
      for (float s : answers.scores()) {
        scores.add(s);
      }
    }

    @Override
    public List<Float> result() {
      return scores;
    }
  }

  /** 4 (10 + i) − 8, and 2 more for class 1. */
  private static Float[] expected(int n, int target) {
    Float[] scores = new Float[n];
    Arrays.setAll(scores, i -> 4f * (10 + i) - 8 + 2 * target);
    return scores;
  }

  /** It would write its rows twice, and take the answers to others. */
  @Test
  void aProbeThatIsGivenTwiceIsRefused() {
    try (var pipeline = new Pipeline(network, device, 4)) {
      var probe = new Counting(3, false, 0);
      assertThatThrownBy(() -> pipeline.run(List.of(probe, new Counting(3, false, 0), probe)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("each probe once expected, one is given twice");
      pipeline.run(List.of(probe));
    }
  }

  @Test
  void aClosedPipelineRunsNothing() {
    var pipeline = new Pipeline(network, device, 4);
    pipeline.close();
    assertThatThrownBy(() -> pipeline.run(List.of(new Counting(3, false, 0))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the pipeline is closed; open another one");
    pipeline.close();
  }

  @Test
  @Timeout(60)
  void aSecondThreadIsToldAndTheFirstOneGoesOn() throws Exception {
    var inside = new CountDownLatch(1);
    var tried = new CountDownLatch(1);
    var first = new Counting(9, true, 0);
    Progress waiting =
        (done, all) -> {
          inside.countDown();
          try {
            tried.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return true;
        };
    try (var pipeline = new Pipeline(network, device, 4);
        var other = new Pipeline(network, device, 4)) {
      Future<Boolean> run;
      try (var thread = Executors.newSingleThreadExecutor()) {
        run = thread.submit(() -> pipeline.run(List.of(first), waiting));
        inside.await();
        List<ThrowingCallable> all =
            List.of(
                () -> other.run(List.of(new Counting(3, false, 0))),
                () -> pipeline.run(List.of(new Counting(3, false, 0))),
                pipeline::close,
                other::close,
                device::close);
        try {
          for (ThrowingCallable one : all) {
            assertThatThrownBy(one)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("for one thread at a time");
          }
        } finally {
          tried.countDown();
        }
      }
      assertThat(run.get()).isTrue();
      assertThat(first.result()).containsExactly(expected(9, 0));
      // afterwards it is another thread's
      var second = new Counting(3, false, 1);
      other.run(List.of(second));
      assertThat(second.result()).containsExactly(expected(3, 1));
    }
  }

  @Test
  void whatIsNoClassifierIsRefusedEachTime() {
    Network map =
        Network.of(
            new ModelBuilder(17)
                .input("x", -1, 3, 4, 4)
                .output("y")
                .node("Relu", "x", "y")
                .model());
    try (var pipeline = new Pipeline(map, device, 4)) {
      for (int time = 0; time < 2; time++) {
        assertThatThrownBy(() -> pipeline.run(List.of(new Logits(device, new float[48]))))
            .isInstanceOf(CandelaException.class)
            .hasMessageContaining(
                "output 'y': one score a class expected, [n,classes], it is [1,3");
      }
    }
  }

  @Test
  void everyProbeGetsItsAnswersInOrderWhateverItIsPackedWith() {
    for (int batch : new int[] {1, 2, 5, 64}) {
      var probes =
          List.of(new Counting(7, false, 0), new Counting(3, true, 1), new Counting(4, false, 1));
      try (var pipeline = new Pipeline(network, device, batch)) {
        assertThat(pipeline.run(probes, Progress.SILENT)).isTrue();
      }
      assertThat(probes.get(0).result()).containsExactly(expected(7, 0));
      assertThat(probes.get(1).result()).containsExactly(expected(3, 1));
      assertThat(probes.get(2).result()).containsExactly(expected(4, 1));
    }
  }

  @Test
  void aProbeThatWaitsSharesItsBatchesWithOthers() {
    List<long[]> told = new ArrayList<>();
    var probes = List.of(new Counting(3, true, 0), new Counting(3, true, 1));
    try (var pipeline = new Pipeline(network, device, 2)) {
      pipeline.run(probes, (done, all) -> told.add(new long[] {done, all}));
    }
    assertThat(told.stream().map(t -> t[0]).distinct()).containsExactly(2L, 4L, 6L);
    assertThat(told).allSatisfy(t -> assertThat(t[1]).isEqualTo(6));
  }

  @Test
  void probesThatWaitAreNotRunInLargeBatches() {
    Counting wide = new Counting(9, false, 0);
    Counting narrow = new Counting(5, true, 1);
    Counting nothing = new Counting(0, false, 0);
    try (var pipeline = new Pipeline(network, device, 8)) {
      pipeline.run(List.of(wide, narrow, nothing));
    }
    assertThat(wide.result()).containsExactly(expected(9, 0));
    assertThat(narrow.result()).containsExactly(expected(5, 1));
    // the ninth beside the first that waits, one more until it is known that there is no tenth
    assertThat(wide.offered).containsExactly(8, 8, 8);
    assertThat(narrow.offered).containsExactly(7, 8, 1, 1, 1, 1);
    assertThat(nothing.offered).isEmpty();
  }

  /** Eight rows need no choice; more are run in batches of what is chosen. */
  @Test
  void withoutABatchSizeOneIsChosenWhereItMatters() {
    Counting few = new Counting(3, false, 0);
    Counting many = new Counting(40, false, 1);
    try (var pipeline = new Pipeline(network, device, Pipeline.CHOSEN)) {
      assertThat(pipeline.batches()).isEmpty();
      pipeline.run(List.of(few));
      assertThat(pipeline.batches()).isEqualTo(Map.of("forward", 3));
      pipeline.run(List.of(many));
      int chosen = Math.min(40, BatchSize.of(network, device, null, false));
      assertThat(pipeline.batches()).isEqualTo(Map.of("forward", chosen));
      assertThat(many.offered).startsWith(chosen);
    }
    assertThat(few.result()).containsExactly(expected(3, 0));
    assertThat(many.result()).containsExactly(expected(40, 1));
  }

  /** A ReLU makes 0 of NaN: the scores would be finite. */
  @Test
  void valuesThatAreNoNumbersAreRefused() {
    assertThatThrownBy(() -> new Logits(device, new float[] {1, Float.NaN, 0}))
        .isInstanceOf(CandelaException.class)
        .hasMessage("image: finite values expected, [1] is NaN");
  }

  @Test
  void noClassIsBestBeforeTheNetworkIsAsked() {
    var logits = new Logits(device, new float[] {1, 2, 3});
    assertThat(logits.result()).isNull();
    assertThatThrownBy(logits::best)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the network has not been asked yet; run the probe first");
    try (var pipeline = new Pipeline(network, device, 4)) {
      pipeline.run(List.of(logits));
    }
    assertThat(logits.best()).isEqualTo(logits.result().best());
  }

  @Test
  void aProbeWritesNoMoreRowsThanItIsOffered() {
    for (int n : new int[] {-1, 5}) {
      var probe =
          new Counting(9, false, 0) {
            @Override
            public int next(Tensor rows) {
              return n;
            }
          };
      try (var pipeline = new Pipeline(network, device, 4)) {
        assertThatThrownBy(() -> pipeline.run(List.of(probe)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageEndingWith(" tells of %d rows where it was offered 4", n);
      }
    }
  }

  /** Scores that are wanted later come in order, and all before the run ends or stops. */
  @Test
  void scoresThatComeLaterAreThereWhenTheRunEnds() {
    for (int stop : new int[] {4, 8, 99}) {
      List<Float> got = new ArrayList<>();
      var probe =
          new Sampled<List<Float>>(Ask.score(ScoreKind.LOGIT), null, 1, 9) {
            @Override
            protected void fill(int first, Tensor rows) {
              for (int i = 0; i < rows.shape().dim(0); i++) {
                device.write(rows.rows(i, i + 1), new float[] {10 + first + i, 0, 0});
              }
            }

            @Override
            protected void add(int first, Answers answers) {
              answers.scoresLater(
                  s -> {
                    assertThat(got).hasSize(first);
                    for (float v : s) {
                      got.add(v);
                    }
                  });
              assertThat(device.read(answers.scored())).isEqualTo(answers.scores());
            }

            @Override
            public List<Float> result() {
              return got;
            }
          };
      try (var pipeline = new Pipeline(network, device, 4)) {
        pipeline.run(List.of(probe), (done, all) -> done < stop);
        assertThat(got).containsExactly(expected(Math.min(stop, 9), 1));
      }
    }
  }

  /** Copies of what each batch left, some too large to be on their way, also after a failure. */
  @Test
  void copiesThatComeLaterHoldWhatTheirBatchLeft() {
    for (int stop : new int[] {4, 8, 99}) {
      try (var pipeline = new Pipeline(network, device, 4);
          var workspace = new Workspace(device)) {
        Copying fails = new Copying(workspace, 5);
        assertThatThrownBy(() -> pipeline.run(List.of(fails))).hasMessage("row 8");
        Copying probe = new Copying(workspace, 99);
        pipeline.run(List.of(probe), (done, all) -> done < stop);
        int taken = Math.min(stop, 9);
        assertThat(probe.got).hasSize((taken + 3) / 4);
        for (int b = 0; b < probe.got.size(); b++) {
          float[] wanted = new float[Copying.FLOATS];
          Arrays.fill(wanted, 10 + 4 * b);
          assertThat(probe.got.get(b)).as("batch " + b).isEqualTo(wanted);
        }
      }
    }
  }

  /** Fills memory with the first number of a batch and has it copied. */
  private final class Copying extends Sampled<List<float[]>> {
    /** More than a copy that nobody waits for may have. */
    static final int FLOATS = 100_000;

    private final Workspace workspace;
    private final int fails;
    private final List<float[]> got = new ArrayList<>();

    Copying(Workspace workspace, int fails) {
      super(Ask.score(ScoreKind.LOGIT), null, 1, 9);
      this.workspace = workspace;
      this.fails = fails;
    }

    @Override
    protected void fill(int first, Tensor rows) {
      for (int i = 0; i < rows.shape().dim(0); i++) {
        device.write(rows.rows(i, i + 1), new float[] {10 + first + i, 0, 0});
      }
    }

    @Override
    protected void add(int first, Answers answers) {
      if (first > fails) {
        throw new IllegalStateException("row " + first);
      }
      for (int part : new int[] {7, FLOATS}) {
        Tensor held = workspace.unset(Shape.of(part));
        device.kernels().elementwise().fill(part, 10 + first, held.data());
        float[] to = new float[part];
        answers.copyLater(
            held,
            to,
            () -> {
              assertThat(to[part - 1]).isEqualTo(10 + first);
              if (part == FLOATS) {
                got.add(to);
              }
            });
      }
    }

    @Override
    public List<float[]> result() {
      return got;
    }
  }

  @Test
  void stoppingLeavesTheAnswersSoFar() {
    var probe = new Counting(9, false, 0);
    try (var pipeline = new Pipeline(network, device, 4)) {
      assertThat(pipeline.run(List.of(probe), (done, all) -> done < 8)).isFalse();
    }
    assertThat(probe.result()).containsExactly(expected(8, 0));
  }

  /** More than an int holds are the most that it does, never none: 2^20 copies of 2^12 rows. */
  @Test
  void copiesTellOfAllTheirRows() {
    try (Workspace workspace = new Workspace(device)) {
      Probe<?> copies =
          new Copies<List<Float>, Integer>(workspace, 0, 1 << 20) {
            @Override
            protected Probe<List<Float>> make(int copy, Workspace own) {
              return new Counting(1 << 12, false, 0);
            }

            @Override
            protected void add(List<Float> result) {}

            @Override
            public Integer result() {
              return added();
            }
          };
      assertThat(copies.size()).isEqualTo(Integer.MAX_VALUE);
    }
  }
}
