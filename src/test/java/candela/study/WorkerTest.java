package candela.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.probe.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerTest {
  @TempDir Path folder;

  @Test
  void aModelThatCannotBeOpenedLeavesTheOthersAsTheyWere() {
    Study study =
        Study.parse("s", "models: [cnn]\nimages: [shipped]\nsweeps: [gradient]\n", folder);
    Material material = Material.of(study, folder);
    Plan plan = Plan.of(study.sweeps());
    Model model = material.models().getFirst();
    Photo photo = material.photos().getFirst();
    Model broken = new Model("broken", "", null, null, null, null);
    try (Device device = TestDevice.open(1);
        Worker worker =
            new Worker(study, Plans.of(study, plan, material.models(), device), device, 2, null)) {
      Findings first = worker.run(model, photo, Progress.SILENT);
      assertThatThrownBy(() -> worker.run(broken, photo, Progress.SILENT))
          .isInstanceOf(RuntimeException.class);
      assertThat(worker.run(model, photo, Progress.SILENT).scored()).isEqualTo(first.scored());
    }
  }

  /** Or the time left would be that of the maps alone, for as long as they take. */
  @Test
  void theRowsOfMetricsAreToldFromTheBeginning() {
    Study study =
        Study.parse("s", "models: [cnn]\nimages: [shipped]\nsweeps: [gradient]\n", folder);
    assertThat(study.metrics()).isNotEmpty();
    Material material = Material.of(study, folder);
    Plan plan = Plan.of(study.sweeps());
    List<Long> told = new ArrayList<>();
    try (Device device = TestDevice.open(1);
        Worker worker =
            new Worker(study, Plans.of(study, plan, material.models(), device), device, 2, null)) {
      worker.run(
          material.models().getFirst(),
          material.photos().getFirst(),
          (_, all) -> {
            told.add(all);
            return true;
          });
    }
    assertThat(told).hasSizeGreaterThan(2).containsOnly(told.getLast());
    assertThat(told.getLast()).isGreaterThan(50);
  }
}
