package candela.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Choices;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.method.Toy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchSizeTest {
  @TempDir Path folder;

  private static int plateau(Map<Integer, Double> rates, List<Integer> asked) {
    return BatchSize.plateau(
        n -> {
          asked.add(n);
          return rates.getOrDefault(n, 0.0);
        });
  }

  /** 64 rows bring 2 % more than 32: not enough, and 128 are not tried. */
  @Test
  void theSmallestNearTheBestIsTaken() {
    List<Integer> asked = new ArrayList<>();
    var rates = Map.of(8, 100.0, 16, 150.0, 32, 200.0, 64, 204.0, 128, 999.0);
    assertThat(plateau(rates, asked)).isEqualTo(32);
    assertThat(asked).containsExactly(8, 16, 32, 64);
  }

  @Test
  void whatHasNoRoomIsNotTaken() {
    assertThat(plateau(Map.of(8, 100.0, 16, 150.0), new ArrayList<>())).isEqualTo(16);
    List<Integer> asked = new ArrayList<>();
    assertThat(plateau(Map.of(), asked)).isEqualTo(8);
    assertThat(asked).containsExactly(8);
  }

  @Test
  void twiceAsFastAtTwiceTheRowsEndsAtTheMost() {
    assertThat(BatchSize.plateau(n -> n)).isEqualTo(1024);
  }

  /** The CPU has no choices to keep and takes 16; a card takes the same again. */
  @Test
  void aDeviceTakesTheSameAgain() {
    Network network = Network.load(Toy.ml(folder));
    for (boolean gradient : new boolean[] {false, true}) {
      int rows;
      try (Device device = TestDevice.open(1)) {
        rows = BatchSize.of(network, device, null, gradient);
      }
      try (Device device = TestDevice.open(1)) {
        assertThat(BatchSize.of(network, device, null, gradient)).isEqualTo(rows);
      }
      if (TestDevice.isCpu()) {
        assertThat(rows).isEqualTo(16);
      } else {
        assertThat(rows).isBetween(8, 1024);
      }
    }
  }

  /** Else a run beside another would make all later ones slow. */
  @Test
  void whatOthersLeaveRoomForIsNotKept() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card's memory is not counted here");
    Network network = Network.load(Toy.ml(folder));
    String key = String.join(" ", "batch", network.model().sha256(), "forward", "");
    try (var device = new ScarceDevice(TestDevice.open(1), 1L << 30)) {
      long bytes;
      try (Session session = network.session(device, 12, SessionOptions.FORWARD)) {
        bytes = session.memory().bytes();
      }
      device.leave(2 * bytes);
      var choices = new Choices(folder, "card");
      device.keep(choices);
      assertThat(BatchSize.of(network, device, null, false)).isEqualTo(8);
      assertThat(choices.get(key)).as("in this process").hasValue(8);
      assertThat(new Choices(folder, "card").keys()).as("in the next").isEmpty();
      device.leave(1L << 30);
      device.keep(new Choices(folder, "card"));
      int rows = BatchSize.of(network, device, null, false);
      assertThat(new Choices(folder, "card").get(key)).hasValue(rows);
    }
  }

  /** What stands in a file may be damaged; its first line of a key counts. */
  @Test
  void moreThanIsEverChosenIsMeasuredOnce() {
    assumeFalse(TestDevice.isCpu(), "skipped: the CPU has no choices");
    Network network = Network.load(Toy.bm2(folder));
    String output = network.model().outputs().getFirst().name();
    String key = String.join(" ", "batch", network.model().sha256(), "forward", output);
    try (Device device = TestDevice.open(1)) {
      Choices choices = device.choices().orElseThrow();
      choices.put(key, 999_999, 1);
      assertThat(choices.get(key)).hasValue(999_999);
      int rows = BatchSize.of(network, device, output, false);
      assertThat(rows).isBetween(8, 1024);
      assertThat(choices.get(key)).hasValue(rows);
    }
  }
}
