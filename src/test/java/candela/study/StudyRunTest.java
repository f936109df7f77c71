package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyRunTest {
  @TempDir Path folder;

  /** Told of the second unit's first rows, Java has no memory. */
  private static final class Short implements StudyRun.Listener {
    private final List<String> told = new ArrayList<>();
    private int begun;
    private int done;

    @Override
    public void begins(int done, int all, int without) {
      begun = all;
    }

    @Override
    public void rows(Ledger.Key unit, long rows, long all) {
      if (done == 1 && told.isEmpty()) {
        throw new OutOfMemoryError("Java heap space");
      }
    }

    @Override
    public void done(Findings findings) {
      done++;
    }

    @Override
    public void failed(Ledger.Key unit, String reason) {
      told.add(reason);
    }
  }

  /** As of one large photo: each start of the study would have ended there. */
  @Test
  void aUnitThatJavaHasNoMemoryForIsLeftOut() {
    Study study =
        Study.parse("s", "models: [cnn]\nimages: [shipped]\nsweeps: [gradient]\n", folder);
    Material material = Material.of(study, folder);
    Plan plan = Plan.of(study.sweeps());
    var listener = new Short();
    try (Device device = TestDevice.open(1);
        Ledger ledger = Ledger.open(folder.resolve("s.duckdb"), study, plan, material)) {
      Plans plans = Plans.of(study, plan, material.models(), device);
      var run = new StudyRun(study, plans, material, ledger, 2, null, listener);
      assertThat(run.run(1, () -> TestDevice.open(1))).isEqualTo(1);
      assertThat(ledger.done()).hasSize(listener.begun - 1);
    }
    assertThat(listener.done).isEqualTo(listener.begun - 1).isGreaterThan(1);
    assertThat(listener.told)
        .singleElement()
        .asString()
        .startsWith("Java has too little memory, ")
        .endsWith("-Xmx8g");
  }
}
