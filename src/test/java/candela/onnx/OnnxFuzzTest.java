package candela.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class OnnxFuzzTest {
  private static final int MUTATIONS = 2_400;

  @Test
  @Timeout(120)
  void damagedFilesGiveAModelOrAClearError(@TempDir Path folder) throws IOException {
    Fuzz.Outcome outcome = Fuzz.run(folder, MUTATIONS, OnnxFuzzTest::touch);
    // Both must occur often, or the mutations test one thing only.
    int tenth = (outcome.models() + outcome.refused()) / 10;
    assertThat(outcome.models()).isGreaterThan(tenth);
    assertThat(outcome.refused()).isGreaterThan(tenth);
  }

  /** Every element of every constant can be read. */
  private static void touch(OnnxModel model) {
    for (OnnxTensor t : model.initialisers().values()) {
      assertThat(t.floats()).hasSize(t.shape().count());
    }
  }
}
