package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Staged;
import candela.probe.Workspace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that hold the runs with smaller counts. */
class NestedTest {
  @TempDir Path folder;

  @Test
  void smallerCountsLieOnTheWayToLargerOnes() {
    Path file = Toy.attending(folder);
    Random r = new Random(5);
    Subject subject = SmallMethods.subject(r, 1);
    List<Nested> nested = new ArrayList<>();
    for (Method method : SmallMethods.all()) {
      if (method instanceof Nested n) {
        nested.add(n);
      }
    }
    assertThat(nested).hasSize(4);
    List<Integer> counts = List.of(1, 3, 4, 11, 12);
    for (Nested n : nested) {
      Nested largest = n.with(12);
      assertThat(largest.count()).isEqualTo(12);
      assertThat(largest.with(n.count())).isEqualTo(n);
      for (int batch : new int[] {1, 3, 8, 32}) {
        try (Device device = TestDevice.open(2);
            var pipeline = new Pipeline(Network.load(file), device, batch);
            var workspace = new Workspace(device)) {
          Staged<Attribution> all = largest.probe(subject, workspace, counts);
          pipeline.run(List.of(all));
          for (int count : counts) {
            Probe<Attribution> alone = n.with(count).probe(subject, workspace);
            pipeline.run(List.of(alone));
            String what = String.format("%s at %d, batch %d", n, count, batch);
            Maps.agree(what, all.result(count).values(), alone.result().values());
            if (TestDevice.isCpu()) {
              assertThat(all.result(count).notes()).isEqualTo(alone.result().notes());
            }
          }
        }
      }
    }
  }
}
