package candela.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.train.Architectures;
import candela.train.Learner;
import candela.train.Optimiser;
import candela.train.Pgd;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Training while the first, second, third … call of one kind fails: what is learnt is right, or
 * there is one sentence, and no later step goes on from half of one. On the emulated card alone.
 */
@Tag("kernel")
class LearnerFailuresTest {
  private static final int BATCH = 4;

  /** So many calls fail each in its turn: all of a step. */
  private static final int LEAST = 20;

  @RegisterExtension final EmulatedCard card = new EmulatedCard();

  private static float[] images(int seed) {
    float[] x = new float[BATCH * 3 * 16 * 16];
    Random random = new Random(seed);
    for (int i = 0; i < x.length; i++) {
      x[i] = random.nextFloat();
    }
    return x;
  }

  /** What is left of two steps, pictures attacked, a loss, and the parameters after them. */
  private static List<float[]> learnt(Learner learner) {
    long[] labels = {0, 1, 2, 3};
    List<float[]> found = new ArrayList<>();
    while (learner.steps() < 2) {
      learner.step(images((int) learner.steps()), labels, 0.1);
    }
    found.add(learner.attacked(images(2), labels, Pgd.parse("pgd:steps=2"), 1, 0));
    found.add(new float[] {(float) learner.judge(images(3), labels, BATCH).loss()});
    for (OnnxTensor t : learner.model().initialisers().values()) {
      if (!t.isInteger()) {
        found.add(t.floats());
      }
    }
    return found;
  }

  private static Learner learner(Device device) {
    OnnxModel model = Architectures.of("cnn", Shape.of(3, 16, 16), 5, 1);
    return new Learner(model, device, BATCH, new Optimiser.Sgd(0.1, 0.9, false, 0), 0);
  }

  @ParameterizedTest
  @CsvSource({
    "cuMemAlloc, 2",
    "cuMemAllocHost, 2",
    "cuMemcpyHtoDAsync, 1",
    "cuMemcpyDtoHAsync, 1",
    "cuMemsetD8Async, 1",
    "cuGraphInstantiate, 2",
    "cuGraphLaunch, 2",
    "kernel, 2",
    "kernel, 3",
    "cudnnBackendFinalize, 4004",
    "cudnnBackendExecute, 4004",
    "cublasLtMatmul, 13"
  })
  void whatFailsOnceIsToldAndIsNeverHalfLearnt(String call, int status) {
    List<float[]> wanted;
    try (Device device = TestDevice.open(1);
        Learner learner = learner(device)) {
      wanted = learnt(learner);
    }
    List<Long> held = card.held();
    int n = 1;
    while (run(call, n, status, wanted)) {
      n = n < LEAST ? n + 1 : n * 3 / 2;
    }
    assertThat(n).as("the first of these calls that did not come").isGreaterThan(1);
    assertThat(card.held()).as("held").isEqualTo(held);
  }

  /** Whether it came to the n-th call. */
  private boolean run(String call, int n, int status, List<float[]> wanted) {
    String what = call + " " + n + " gives " + status;
    card.fail(call, n, status, false);
    try (Device device = TestDevice.open(1);
        Learner learner = learner(device)) {
      try {
        agree(what, learnt(learner), wanted);
      } catch (CandelaException e) {
        assertThat(e.getMessage()).as(what).doesNotContain("\n");
        again(what, learner, wanted);
      }
    } catch (CandelaException e) {
      assertThat(e.getMessage()).as(what).doesNotContain("\n");
    }
    boolean came = card.failed();
    card.repair();
    return came;
  }

  /** The step that failed has changed nothing, or the next one is refused. */
  private static void again(String what, Learner learner, List<float[]> wanted) {
    try {
      agree(what + ", then again", learnt(learner), wanted);
    } catch (CandelaException e) {
      assertThat(e.getMessage()).as(what).contains("failed on the way");
    }
  }

  private static void agree(String what, List<float[]> got, List<float[]> wanted) {
    for (int k = 0; k < wanted.size(); k++) {
      double apart = 0;
      double all = 0;
      for (int i = 0; i < wanted.get(k).length; i++) {
        apart += Math.pow(got.get(k)[i] - wanted.get(k)[i], 2);
        all += Math.pow(wanted.get(k)[i], 2);
      }
      assertThat(Math.sqrt(apart)).as("%s: %d", what, k).isLessThanOrEqualTo(1e-4 * Math.sqrt(all));
    }
  }
}
