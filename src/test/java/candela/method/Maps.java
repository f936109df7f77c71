package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Maps of several methods and images, packed into one run of a pipeline. */
final class Maps {
  /** Relative length of the difference between the maps of two batch sizes on a card. */
  static final double BATCHES = 1e-4;

  private Maps() {}

  /** For each subject its maps, in the order of the methods. */
  static List<Attribution> of(
      Path file, int threads, int batch, List<Method> methods, List<Subject> subjects) {
    try (Device device = TestDevice.open(threads);
        var pipeline = new Pipeline(Network.load(file), device, batch);
        var workspace = new Workspace(device)) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      for (Subject s : subjects) {
        methods.forEach(m -> probes.add(m.probe(s, workspace)));
      }
      pipeline.run(probes);
      return probes.stream().map(Probe::result).toList();
    }
  }

  /** One map, on one thread. */
  static Attribution of(Path file, int batch, Method method, Subject subject) {
    return of(file, 1, batch, List.of(method), List.of(subject)).get(0);
  }

  /**
   * Holds a map against that of another batch size: the same bits on the CPU, not beyond rounding
   * on a card, whose libraries may sum in another order where a run has another number of rows.
   */
  static void agree(String what, float[] got, float[] wanted) {
    if (TestDevice.isCpu()) {
      assertThat(got).as(what).isEqualTo(wanted);
    } else {
      assertThat(distance(got, wanted)).as(what).isLessThanOrEqualTo(BATCHES);
    }
  }

  /** Length of the difference by length of what is wanted. */
  static double distance(float[] got, float[] wanted) {
    assertThat(got).hasSameSizeAs(wanted);
    double off = 0;
    double length = 0;
    for (int i = 0; i < got.length; i++) {
      off = Math.hypot(off, (double) got[i] - wanted[i]);
      length = Math.hypot(length, wanted[i]);
    }
    return off == 0 ? 0 : off / length;
  }
}
