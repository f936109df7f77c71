package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A session that starts at a value says what the whole network says of it. */
class TailTest {
  @TempDir Path folder;

  /** Two convolutions, the second with a way past it, and classes with a softmax. */
  private Network network() throws Exception {
    SmallModel m = new SmallModel(13, 2, 3, 7, 5).random("w", 4, 3, 3, 3).random("v", 4, 4, 1, 1);
    m.random("u", 4, 6);
    m.node("Conv", "x w", "c", "pads", new long[] {1, 1, 1, 1}).node("Relu", "c", "r");
    m.node("Conv", "r v", "d").node("Add", "r d", "s").node("Relu", "s", "t");
    m.node("GlobalAveragePool", "t", "g").node("Flatten", "g", "f");
    m.node("MatMul", "f u", "z").node("Softmax", "z", "y");
    return Network.load(m.write(folder));
  }

  private static SessionOptions from(String value) {
    return new SessionOptions(List.of(), null, List.of(), value);
  }

  /** To rounding: what comes before the value was computed with other nodes around it. */
  @ParameterizedTest
  @ValueSource(strings = {"c", "r", "s", "t", "g", "f", "z", SessionOptions.LAST_FEATURES})
  void scoresOfAValueAreThoseOfTheImageItWasMadeFrom(String value) throws Exception {
    Network network = network();
    Random random = new Random(5);
    try (Device device = TestDevice.open(1);
        Session whole = network.session(device, 3, SessionOptions.withGradientAt(value));
        Session tail = network.session(device, 3, from(value))) {
      float[] x = new float[whole.input().count()];
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) random.nextGaussian();
      }
      device.write(whole.input(), x);
      long[] classes = {0, 3, 5};
      whole.forward();
      float[] wanted = whole.score(ScoreKind.LOGIT, classes);
      whole.backward(Rules.GRADIENT);
      device.write(tail.input(), device.read(whole.value(value)));
      tail.forward();
      float[] got = tail.score(ScoreKind.LOGIT, classes);
      for (int i = 0; i < got.length; i++) {
        assertThat(Math.abs(got[i] - wanted[i]))
            .as("%s, row %d: %s for %s", TestDevice.name(), i, got[i], wanted[i])
            .isLessThan(1e-5f);
      }
    }
  }

  @Test
  void aValueThatTheScoresDoNotAllComeFromIsRefused() throws Exception {
    Network network = network();
    assertThatThrownBy(() -> network.graph(2, from("d")))
        .isInstanceOf(CandelaException.class)
        .hasMessageEndingWith(
            "the scores depend on 'x' on a way past 'd', too; name a value that all of them come"
                + " from");
    assertThatThrownBy(() -> network.graph(2, from("y")))
        .hasMessageEndingWith(
            "value 'y': one that the scores are computed from expected; name another");
    assertThatThrownBy(() -> network.graph(2, from("q"))).hasMessageContaining("no value 'q'");
  }
}
