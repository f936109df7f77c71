package candela.study;

import candela.device.Device;
import candela.graph.MemoryReport;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.method.Method;
import candela.method.Subject;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What an image costs under a model: rows counted exactly, time from one batch of each kind.
 *
 * @param maps rows of the maps
 * @param metrics rows of the metrics, as asked and as run
 * @param seconds of the rows; what is done between batches comes on top
 * @param bytes of the sessions at this batch
 */
public record Estimate(Plan.Rows maps, long metrics, double seconds, long bytes) {
  private static final int ROUNDS = 2;

  public static Estimate of(Study study, Plan plan, Model model, Device device, int batch) {
    Map<Method, Long> sizes = new HashMap<>();
    Map<Method, Boolean> backward = new HashMap<>();
    Shape shape = model.preparation().shape();
    Subject grey = new Subject(shape, new float[shape.count()], 0, model.preparation().levels());
    try (var workspace = new Workspace(device)) {
      for (Method m : plan.methods()) {
        Probe<?> probe = m.probe(grey, workspace);
        sizes.put(m, (long) probe.size());
        backward.put(m, probe.ask().wantsGradient());
      }
      for (Run r : plan.runs()) {
        sizes.computeIfAbsent(r.method(), m -> (long) m.probe(grey, workspace).size());
      }
    }
    long metrics = 0;
    try (var workspace = new Workspace(device)) {
      Explained flat =
          new Explained(
              shape,
              new float[shape.count()],
              0,
              new float[shape.dim(1) * shape.dim(2)],
              shape.dim(1),
              shape.dim(2),
              new boolean[shape.dim(1) * shape.dim(2)]);
      for (Study.Measure<Metric> m : study.metrics()) {
        metrics += m.of().probe(flat, workspace).size();
      }
    }
    metrics *= plan.methods().size();
    long forward = metrics;
    long both = 0;
    for (Run r : plan.runs()) {
      if (backward.get(r.method())) {
        both += sizes.get(r.method());
      } else {
        forward += sizes.get(r.method());
      }
    }
    double seconds = 0;
    long bytes = 0;
    for (SessionOptions o : List.of(SessionOptions.FORWARD, SessionOptions.GRADIENT)) {
      boolean gradient = o.equals(SessionOptions.GRADIENT);
      if ((gradient ? both : forward) > 0) {
        SessionOptions options = new SessionOptions(o.gradientAt(), model.output());
        try (Session session = model.network().session(device, batch, options)) {
          double row = secondsARow(session, gradient);
          seconds += row * (gradient ? both : forward);
          MemoryReport memory = session.memory();
          bytes += memory.constants() + memory.arena();
        }
      }
    }
    return new Estimate(plan.rows(sizes::get), metrics, seconds, bytes);
  }

  private static double secondsARow(Session session, boolean gradient) {
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i <= ROUNDS; i++) {
      long start = System.nanoTime();
      session.forward();
      if (gradient) {
        session.score(candela.graph.ScoreKind.LOGIT, new long[session.batch()]);
        session.backward(candela.graph.Rules.GRADIENT);
      }
      double seconds = (System.nanoTime() - start) / 1e9 / session.batch();
      least = i == 0 ? least : Math.min(least, seconds);
    }
    return least;
  }
}
