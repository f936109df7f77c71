package candela.bench;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.method.Attribution;
import candela.method.Method;
import candela.method.Nested;
import candela.method.Subject;
import candela.probe.Asked;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.study.Run;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Candela's side of {@link SamBench}: the runs of a plan in one pipeline, as a study's unit does
 * it.
 *
 * <p>Owns device and pipeline. For one thread.
 */
final class CandelaSam implements AutoCloseable {
  private static final double TURN = 0.5;

  private final Device device;
  private int batch;
  private Pipeline pipeline;

  CandelaSam(SamSubject about, int batch, int threads) {
    this.batch = batch;
    device = Devices.open("cpu", threads);
    pipeline = new Pipeline(about.network(), device, batch);
  }

  /** Goes on with the batch whose forward rows are fastest. */
  void choose(SamSubject about, List<Integer> batches, PrintStream out) {
    double least = Double.POSITIVE_INFINITY;
    int best = batch;
    out.print("Candela's time of a forward row in ms, by batch:");
    for (int b : batches) {
      batch = b;
      double seconds = secondsARow(about, false);
      out.printf(Locale.ROOT, "  %d: %.2f", b, seconds * 1e3);
      best = seconds < least ? b : best;
      least = Math.min(least, seconds);
    }
    out.println();
    batch = best;
    pipeline.close();
    pipeline = new Pipeline(about.network(), device, batch);
  }

  Device device() {
    return device;
  }

  /** All maps of the runs. */
  Timing run(List<Run> runs, Subject subject, double part) {
    long start = System.nanoTime();
    Asked asked = new Asked(pipeline);
    try (Workspace workspace = new Workspace(device, asked)) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      long rows = 0;
      for (Run r : runs) {
        Probe<Attribution> probe =
            r.method() instanceof Nested n
                ? n.probe(subject, workspace, r.counts())
                : r.method().probe(subject, workspace);
        probes.add(probe);
        rows += probe.size();
      }
      double before = (System.nanoTime() - start) / 1e9;
      long most = Math.max(1, Math.round(part * rows));
      long[] done = new long[1];
      boolean all =
          pipeline.run(
              probes,
              (now, of) -> {
                done[0] = now;
                return part >= 1 || now < most;
              });
      for (int i = 0; all && i < runs.size(); i++) {
        maps(runs.get(i), probes.get(i));
      }
      double loop = (System.nanoTime() - start) / 1e9 - before;
      return new Timing(rows + asked.rows(), before, loop * rows / done[0]);
    }
  }

  private static void maps(Run run, Probe<Attribution> probe) {
    for (int count : run.counts()) {
      if (probe instanceof Staged<Attribution> staged && count < run.counts().getLast()) {
        var unused = staged.result(count).map();
      }
    }
    var unused = probe.result().map();
  }

  /** One method's map. */
  float[] map(Method method, Subject subject) {
    try (Workspace workspace = new Workspace(device)) {
      Probe<Attribution> probe = method.probe(subject, workspace);
      pipeline.run(List.of(probe));
      return probe.result().map();
    }
  }

  /** Rows of a method's map alone. */
  long rows(Method method, Subject subject) {
    try (Workspace workspace = new Workspace(device)) {
      return method.probe(subject, workspace).size();
    }
  }

  /** The predicted class. */
  int best(Subject subject) {
    Logits probe = new Logits(device, subject.pixels());
    pipeline.run(List.of(probe));
    return probe.best();
  }

  /** Of a full batch: the fastest call of about half a second, after one to warm up. */
  double secondsARow(SamSubject about, boolean backward) {
    SessionOptions options = backward ? SessionOptions.GRADIENT : SessionOptions.FORWARD;
    try (Session session = about.network().session(device, batch, options)) {
      for (int i = 0; i < batch; i++) {
        device.write(session.input().rows(i, i + 1), about.subject().pixels());
      }
      long[] target = new long[batch];
      double least = Double.POSITIVE_INFINITY;
      double all = 0;
      for (int i = 0; i < 2 || all < TURN; i++) {
        long start = System.nanoTime();
        session.forward();
        if (backward) {
          session.score(ScoreKind.LOGIT, target);
          session.backward(Rules.GRADIENT);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        least = i == 0 ? least : Math.min(least, seconds);
        all += i == 0 ? 0 : seconds;
      }
      return least / batch;
    }
  }

  @Override
  public void close() {
    pipeline.close();
    device.close();
  }
}
