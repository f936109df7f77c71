package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FloatsTest {
  /** As {@link Arrays#sort(float[])} has them: infinity after all numbers, NaN last. */
  @Test
  void theValueWithSoManyBeforeItIsThatOfTheSortedOnes() {
    var random = new Random(5);
    for (int n : new int[] {1, 3, 7, 500}) {
      float[] values = new float[n];
      for (int i = 0; i < n; i++) {
        values[i] =
            switch (random.nextInt(8)) {
              case 0 -> Float.POSITIVE_INFINITY;
              case 1 -> Float.NaN;
              case 2 -> Float.MIN_VALUE * random.nextInt(3);
              case 3 -> 1 + Math.ulp(1f) * random.nextInt(3);
              default -> random.nextFloat() * 1e20f;
            };
      }
      float[] sorted = values.clone();
      Arrays.sort(sorted);
      for (int i = 0; i < n; i++) {
        assertThat(Floats.ascending(values, i))
            .as("%d of %d", i, n)
            .isEqualTo(Float.valueOf(sorted[i]));
      }
    }
  }
}
