package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import candela.device.Device;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTest {
  @TempDir Path folder;

  /** x[n,3] · w, softmax behind it: logits are hand-worked. */
  private Network linear(String... tail) throws Exception {
    SmallModel m = new SmallModel(13, 2, 3).random("w", 3, 4);
    m.node("MatMul", "x w", tail.length == 0 ? "y" : "z0");
    for (int i = 0; i < tail.length; i++) {
      String in = "z" + i;
      String out = i == tail.length - 1 ? "y" : "z" + (i + 1);
      if (tail[i].equals("Unsqueeze")) {
        m.longs("a", new long[] {2}, 2, 3).node("Unsqueeze", in + " a", out);
      } else {
        m.node(tail[i], in, out);
      }
    }
    return Network.load(m.write(folder));
  }

  private Network images() throws Exception {
    SmallModel m = new SmallModel(13, 2, 3, 8, 6).random("w", 4, 3, 3, 3).random("b", 4);
    m.node("Conv", "x w b", "c", "pads", new long[] {1, 1, 1, 1}).node("Relu", "c", "r");
    m.node("MaxPool", "r", "p", "kernel_shape", new long[] {2, 2}, "strides", new long[] {2, 2});
    m.node("GlobalAveragePool", "p", "g").node("Flatten", "g", "y");
    return Network.load(m.write(folder));
  }

  private static float[] draw(int n) {
    Random random = new Random(4);
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) random.nextGaussian();
    }
    return v;
  }

  @Test
  void scoresAreLogitProbabilityAndItsLogarithm() throws Exception {
    try (Device device = TestDevice.open(1);
        Session s = linear("Softmax").session(device, 2, SessionOptions.GRADIENT)) {
      device.write(s.input(), draw(6));
      s.forward();
      float[] z = device.read(s.logits());
      float[] p = device.read(s.output());
      long[] target = {2, -1};
      float[] logit = s.score(ScoreKind.LOGIT, target);
      int top = 0;
      for (int c = 1; c < 4; c++) {
        top = z[4 + c] > z[4 + top] ? c : top;
      }
      assertThat(target).containsExactly(2, top);
      assertThat(logit).containsExactly(z[2], z[4 + top]);
      float[] probability = s.score(ScoreKind.PROBABILITY, target);
      assertThat(probability[0]).isCloseTo(p[2], within(1e-6f));
      float[] log = s.score(ScoreKind.LOG_PROBABILITY, target);
      assertThat((double) log[1]).isCloseTo(Math.log(p[4 + top]), within(1e-5));
      // d log p_t / dz_c = [c = t] - p_c
      float[] seed = device.read(s.seed());
      for (int c = 0; c < 4; c++) {
        assertThat(seed[c]).isCloseTo((c == 2 ? 1 : 0) - p[c], within(1e-6f));
      }
    }
  }

  /** Of a sigmoid at the end, every class has its own. */
  @Test
  void scoresBehindASigmoidAreOfEachClass() throws Exception {
    try (Device device = TestDevice.open(1);
        Session s = linear("Sigmoid").session(device, 2, SessionOptions.GRADIENT)) {
      device.write(s.input(), draw(6));
      s.forward();
      assertThat(s.likelihood()).isEqualTo(Likelihood.SIGMOID);
      float[] z = device.read(s.logits());
      float[] p = device.read(s.output());
      long[] target = {2, 1};
      assertThat(s.score(ScoreKind.LOGIT, target)).containsExactly(z[2], z[4 + 1]);
      assertThat(s.score(ScoreKind.PROBABILITY, target))
          .containsExactly(new float[] {p[2], p[4 + 1]}, within(1e-6f));
      // d p / d z = p (1 - p), of no other class
      assertThat(device.read(s.seed()))
          .containsExactly(
              new float[] {0, 0, p[2] * (1 - p[2]), 0, 0, p[5] * (1 - p[5]), 0, 0}, within(1e-6f));
      float[] log = s.score(ScoreKind.LOG_PROBABILITY, target);
      assertThat((double) log[1]).isCloseTo(Math.log(p[4 + 1]), within(1e-5));
    }
  }

  /** As PyTorch exports logsigmoid: a softmax of logarithms would mix the classes. */
  @Test
  void scoresThatAreLogarithmsOfASigmoidAreOfEachClass() throws Exception {
    checkLogSigmoid("Sigmoid", "Log");
  }

  /** As JAX and TensorFlow write it. */
  @Test
  void aSoftplusTurnedRoundIsTheLogarithmOfASigmoid() throws Exception {
    checkLogSigmoid("Neg", "Softplus", "Neg");
  }

  private void checkLogSigmoid(String... last) throws Exception {
    try (Device device = TestDevice.open(1);
        Session s = linear(last).session(device, 2, SessionOptions.GRADIENT)) {
      device.write(s.input(), draw(6));
      s.forward();
      float[] log = device.read(s.output());
      assertThat(s.likelihood()).isEqualTo(Likelihood.SIGMOID);
      long[] target = {2, 1};
      assertThat(s.score(ScoreKind.LOG_PROBABILITY, target))
          .containsExactly(new float[] {log[2], log[4 + 1]}, within(1e-5f));
      // d log p / d z = 1 - p, of no other class
      float p = (float) Math.exp(log[2]);
      float q = (float) Math.exp(log[4 + 1]);
      assertThat(device.read(s.seed()))
          .containsExactly(new float[] {0, 0, 1 - p, 0, 0, 1 - q, 0, 0}, within(1e-6f));
    }
  }

  /** One number is a yes or no; a softmax of one is 1 all the same. */
  @Test
  void oneClassAloneHasASigmoid() throws Exception {
    SmallModel m = new SmallModel(13, 2, 3).floats("w", new long[] {3, 1}, 1, -1, 2);
    m.node("MatMul", "x w", "y");
    try (Device device = TestDevice.open(1);
        Session s = Network.load(m.write(folder)).session(device, 2, SessionOptions.GRADIENT)) {
      device.write(s.input(), new float[] {1, 2, 3, 0, 0, 0});
      s.forward();
      float p = (float) (1 / (1 + Math.exp(-5)));
      assertThat(s.score(ScoreKind.PROBABILITY, new long[] {-1, 0}))
          .containsExactly(new float[] {p, 0.5f}, within(1e-6f));
    }
  }

  /** Targets go to the device where they are not there already. */
  @Test
  void targetsAreThoseGivenLast() throws Exception {
    try (Device device = TestDevice.open(1);
        Session s = linear().session(device, 2, SessionOptions.GRADIENT)) {
      float[] image = draw(6);
      float[] z = logits(s, device, image);
      long[] target = {1, 3};
      assertThat(queued(s, target)).containsExactly(z[1], z[4 + 3]);
      assertThat(queued(s, target)).containsExactly(z[1], z[4 + 3]);
      target[0] = 2;
      assertThat(queued(s, target)).containsExactly(z[2], z[4 + 3]);
      assertThat(queued(s, 3, 1)).containsExactly(z[3], z[4 + 1]);
      assertThat(queued(s, -1, -1)).containsExactly(top(z, 0), top(z, 4));
      for (int i = 0; i < image.length; i++) {
        image[i] = -image[i];
      }
      float[] other = logits(s, device, image);
      assertThat(queued(s, -1, -1)).containsExactly(top(other, 0), top(other, 4));
      assertThat(queued(s, -1, 1)).containsExactly(top(other, 0), other[4 + 1]);
      assertThat(queued(s, 0, 1)).containsExactly(other[0], other[4 + 1]);
      assertThat(queued(s, 0, 1)).containsExactly(other[0], other[4 + 1]);
      // What was predicted may be given, and then predicted anew.
      long[] found = {-1, -1};
      s.score(ScoreKind.LOGIT, found);
      assertThat(queued(s, found)).containsExactly(top(other, 0), top(other, 4));
      float[] again = logits(s, device, draw(6));
      assertThat(queued(s, -1, -1)).containsExactly(top(again, 0), top(again, 4));
    }
  }

  private static float[] logits(Session s, Device device, float[] image) {
    device.write(s.input(), image);
    s.forward();
    return device.read(s.logits());
  }

  private static float[] queued(Session s, long... target) {
    s.queueScore(ScoreKind.LOGIT, target);
    return s.scores();
  }

  /** The largest of four. */
  private static float top(float[] z, int from) {
    return Math.max(Math.max(z[from], z[from + 1]), Math.max(z[from + 2], z[from + 3]));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Softmax",
        "Softmax,Unsqueeze",
        "Softmax,Identity",
        "Softmax,Flatten",
        "Sigmoid",
        "Sigmoid,Flatten",
        "Softmax,Relu",
        "Sigmoid,Relu",
        "LogSoftmax",
        "Softmax,Log",
        "Softmax,Flatten,Log,Flatten",
        "Sigmoid,Log",
        "Sigmoid,Relu,Log"
      })
  void aSoftmaxOrSigmoidAtTheEndIsSeenThrough(String tail) throws Exception {
    float[] plain;
    try (Device device = TestDevice.open(1);
        Session s = linear().session(device, 2, SessionOptions.GRADIENT)) {
      device.write(s.input(), draw(6));
      s.forward();
      plain = device.read(s.logits());
    }
    try (Device device = TestDevice.open(1);
        Session s = linear(tail.split(",")).session(device, 2, SessionOptions.GRADIENT)) {
      device.write(s.input(), draw(6));
      s.forward();
      assertThat(device.read(s.logits())).isEqualTo(plain);
      assertThat(s.classes()).isEqualTo(4);
    }
  }

  @Test
  void aSeedOfOnesOwnIsCarriedBack() throws Exception {
    try (Device device = TestDevice.open(1);
        Session s = linear().session(device, 2, SessionOptions.GRADIENT)) {
      s.forward();
      float[][] columns = new float[4][];
      for (int c = 0; c < 4; c++) {
        float[] seed = new float[8];
        seed[c] = 1;
        device.write(s.seed(), seed);
        s.backward(Rules.GRADIENT);
        columns[c] = device.read(s.gradient());
        assertThat(columns[c]).endsWith(0, 0, 0);
      }
      device.write(s.seed(), new float[] {1, -2, 0, 3, 0, 0, 0, 0});
      s.backward(Rules.GRADIENT);
      for (int i = 0; i < 3; i++) {
        float sum = columns[0][i] - 2 * columns[1][i] + 3 * columns[3][i];
        assertThat(device.read(s.gradient())[i]).isCloseTo(sum, within(1e-5f));
      }
    }
  }

  @Test
  void backwardKeepsABitARectifierAndAnIndexAPooledPixel() throws Exception {
    try (Device device = TestDevice.open(1);
        Session forward = images().session(device, 2, SessionOptions.FORWARD);
        Session both = images().session(device, 2, SessionOptions.GRADIENT)) {
      assertThat(forward.memory().kept()).isZero();
      assertThat(forward.memory().gradients()).isZero();
      // 2 images: 8*6*4 bits of the ReLU are 24 bytes each; 4*3*4 pooled pixels, a byte each.
      assertThat(both.memory().kept()).isEqualTo(2 * 24 + 2 * 48);
      assertThat(both.memory().arena()).isGreaterThanOrEqualTo(forward.memory().arena());
    }
  }

  /** Twice the gradient, as a rule. */
  private record Twice(List<String> called) implements Rule {
    @Override
    public void backward(Node node, Step step) {
      called.add(node.name());
      node.op().backward(step);
      step.device()
          .kernels()
          .elementwise()
          .add(step.dx().count(), step.dx().data(), step.dx().data(), step.dx().data());
    }
  }

  @Test
  void rulesStandInForTheGradient() throws Exception {
    List<String> called = new ArrayList<>();
    Rule twice = new Twice(called);
    Rules rules = new Rules(List.of(new Rules.Entry((g, n) -> n.name().equals("y"), twice)));
    try (Device device = TestDevice.open(1);
        Session plain = linear().session(device, 2, SessionOptions.GRADIENT);
        Session s = linear().session(device, 2, SessionOptions.withRules("", List.of(rules)))) {
      float[] g = gradient(device, plain, Rules.GRADIENT);
      float[] doubled = gradient(device, s, rules);
      assertThat(called).containsExactly("y");
      for (int i = 0; i < g.length; i++) {
        assertThat(doubled[i]).isEqualTo(2 * g[i]);
      }
    }
  }

  private static float[] gradient(Device device, Session s, Rules rules) {
    s.forward();
    s.score(ScoreKind.LOGIT, new long[] {1, 3});
    s.backward(rules);
    return device.read(s.gradient());
  }

  @Test
  void sessionsInTwoThreadsDoNotDisturbEachOther() throws Exception {
    Network network = images();
    // On a card the bits depend on the batch.
    float[] alone = gradient(network, 1, TestDevice.isCpu() ? 1 : 2);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Callable<Boolean> work =
          () -> {
            for (int i = 0; i < 30; i++) {
              assertThat(gradient(network, 1 + i % 3, 2)).isEqualTo(alone);
            }
            return true;
          };
      List<Future<Boolean>> running = List.of(threads.submit(work), threads.submit(work));
      for (Future<Boolean> f : running) {
        assertThat(f.get()).isTrue();
      }
    }
  }

  private static float[] gradient(Network network, int threads, int batch) {
    float[] first = new float[3 * 8 * 6];
    try (Device device = TestDevice.open(threads);
        Session s = network.session(device, batch, SessionOptions.GRADIENT)) {
      float[] x = draw(first.length);
      for (int r = 0; r < batch; r++) {
        device.write(s.input().rows(r, r + 1), x);
      }
      s.forward();
      s.score(ScoreKind.LOGIT, new long[batch]);
      s.backward(Rules.GRADIENT);
      System.arraycopy(device.read(s.gradient()), 0, first, 0, first.length);
    }
    return first;
  }

  @Test
  void aClosedSessionSaysSo() throws Exception {
    try (Device device = TestDevice.open(1)) {
      Session s = images().session(device, 1, SessionOptions.GRADIENT);
      s.forward();
      s.close();
      s.close();
      List<Runnable> asked =
          List.of(
              s::forward,
              s::input,
              s::output,
              s::logits,
              () -> s.score(ScoreKind.LOGIT, new long[1]),
              () -> s.backward(Rules.GRADIENT));
      for (Runnable ask : asked) {
        assertThatThrownBy(ask::run)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("the session is closed; open another one");
      }
    }
  }

  @Test
  void wrongNamesAndClassesAreSaid() throws Exception {
    Network network = linear("Softmax");
    try (Device device = TestDevice.open(1)) {
      assertThatThrownBy(() -> network.session(device, 1, SessionOptions.withGradientAt("nowhere")))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("no value 'nowhere'");
      assertThatThrownBy(() -> network.session(device, 1, new SessionOptions(List.of(), "other")))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("no output 'other'");
      try (Session s = network.session(device, 1, SessionOptions.FORWARD)) {
        s.forward();
        assertThatThrownBy(() -> s.score(ScoreKind.LOGIT, new long[] {4}))
            .isInstanceOf(CandelaException.class)
            .hasMessageContaining("classes 0 to 3");
      }
    }
  }
}
