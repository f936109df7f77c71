package candela.device;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PhiloxTest {
  /** The paper's known answer for counter and key of zeros. */
  @Test
  void knownAnswer() {
    int[] words = new int[4];
    Philox.fill(0, 0, 0, words);
    assertThat(words).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  }

  @Test
  void drawsWhatTheKernelDraws() {
    int n = 33;
    long seed = 0x123456789abcL;
    float[] kernel;
    try (Device device = TestDevice.open(1);
        Memory y = device.allocate(4 * n);
        Memory sample = device.allocate(8)) {
      device.copyIn(MemorySegment.ofArray(new long[] {77}), sample.segment());
      device.kernels().noise().uniformNoise(1, n, 0, 1, seed, sample.segment(), y.segment());
      kernel = device.read(new Tensor(Shape.of(n), y.segment()));
    }
    Philox random = new Philox(seed, 77);
    for (int i = 0; i < n; i++) {
      assertThat((float) random.uniform()).as("element %d", i).isEqualTo(kernel[i]);
    }
  }

  @Test
  void permutationsHoldEachNumberOnce() {
    int[] order = new Philox(5, 6).permutation(1000);
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < 1000; i++) {
      assertThat(sorted[i]).isEqualTo(i);
    }
    assertThat(order).isNotEqualTo(sorted).isNotEqualTo(new Philox(5, 7).permutation(1000));
  }

  /** Mean 0 and variance 1 of 20,000, within four standard errors. */
  @Test
  void normalsAreNormal() {
    Philox random = new Philox(1, 2);
    double sum = 0;
    double square = 0;
    int n = 20_000;
    for (int i = 0; i < n; i++) {
      double z = random.normal();
      sum += z / n;
      square += z * z / n;
    }
    assertThat(Math.abs(sum)).isLessThan(4 / Math.sqrt(n));
    assertThat(square).isBetween(1 - 4 * Math.sqrt(2.0 / n), 1 + 4 * Math.sqrt(2.0 / n));
  }
}
