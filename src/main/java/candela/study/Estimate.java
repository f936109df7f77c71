package candela.study;

import candela.device.Device;
import candela.graph.Likelihood;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.method.Inpainting;
import candela.method.Method;
import candela.method.Subject;
import candela.metric.Explained;
import candela.metric.Explainer;
import candela.metric.Metric;
import candela.probe.Asked;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Windowing;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an image costs under a model: rows as methods and metrics tell them before, time from one
 * batch of each kind, of metrics from a batch that each writes for a drawn image and map, and of
 * inpainting from a hole about as large as the methods'.
 *
 * @param maps rows of the maps
 * @param metrics rows of the metrics, as asked and as run
 * @param seconds of the rows, of writing those of metrics and of inpainting; what else is done
 *     between batches comes on top
 * @param bytes of the sessions at this batch, inpainters' among them
 * @param open whether there may be more rows: what Score-CAM asks depends on what it sees, say
 */
public record Estimate(Plan.Rows maps, long metrics, double seconds, long bytes, boolean open) {
  public static Estimate of(Study study, Plan plan, Model model, Device device, int batch) {
    Shape shape = model.preparation().shape();
    Subject grey = grey(model);
    Map<Method, Size> sizes = sizes(plan, grey, device);
    Asked asked = asked(device);
    Map<Method, Size> shared = shared(plan, grey, device, asked);
    Plan.Rows maps = rows(plan, sizes, shared, asked);
    int known = asked.rows();
    Judging judging = judging(study, plan.mapped(), model, device, asked);
    long metrics = judging.forward() + judging.both() + asked.rows();
    long forward = metrics - judging.both();
    long both = judging.both();
    double seconds = plan.mapped().size() * Timing.writing(study, model, device, batch);
    long bytes = 0;
    for (Run r : plan.runs()) {
      Size size = shared.get(r.method());
      Timing.Windows windows =
          size.window().isPresent() ? Timing.windows(model, device, batch, size) : null;
      if (windows != null) {
        seconds += windows.seconds();
        bytes = Math.max(bytes, windows.bytes());
      } else if (size.backward()) {
        both += size.rows();
      } else {
        forward += size.rows();
      }
    }
    try (var workspace = new Workspace(device)) {
      for (Run r : plan.runs()) {
        Optional<Inpainting> made = r.method().inpainting(shape);
        if (made.isPresent()) {
          Size size = shared.get(r.method());
          int rows = Math.clamp(size.width(), 1, batch);
          seconds += Timing.secondsARow(made.get(), grey, rows, workspace) * size.rows();
        }
      }
      bytes += workspace.sessionBytes();
    }
    for (SessionOptions o : List.of(SessionOptions.FORWARD, SessionOptions.GRADIENT)) {
      boolean gradient = o.equals(SessionOptions.GRADIENT);
      if ((gradient ? both : forward) > 0) {
        SessionOptions options = new SessionOptions(o.gradientAt(), model.output());
        try (Session session = Timing.session(model, device, batch, options)) {
          double row = Timing.secondsARow(session, gradient);
          seconds += row * (gradient ? both : forward);
          bytes += session.memory().bytes();
        }
      }
    }
    boolean open = judging.open() || shared.values().stream().anyMatch(Size::open);
    return new Estimate(maps, metrics - known, seconds, bytes, open);
  }

  /** Rows of all metrics of an image, as far as they are known before. */
  static long metrics(Study study, Plan plan, Model model, Device device) {
    Judging judging = judging(study, plan.mapped(), model, device, asked(device));
    return judging.forward() + judging.both();
  }

  /** Rows of metrics, of scores alone and with gradients. */
  record Judging(long forward, long both, boolean open) {
    Judging plus(Probe<?> probe, long times) {
      Judging sum = new Judging(forward, both, open || probe.isOpen());
      for (Probe<?> p : probe.inTurn()) {
        long rows = times * p.size();
        sum =
            p.ask().wantsGradient()
                ? new Judging(sum.forward, sum.both + rows, sum.open)
                : new Judging(sum.forward + rows, sum.both, sum.open);
      }
      return sum;
    }
  }

  /** Rows of all metrics of one map a method: some are asked once for all. */
  static Judging judging(
      Study study, List<Method> methods, Model model, Device device, Asked asked) {
    var rows = new Judging(0, 0, false);
    Subject grey = grey(model);
    float[] pixels = dot(grey);
    Explained any = flat(grey, pixels, methods.getFirst());
    try (var workspace = new Workspace(device, asked)) {
      for (Study.Measure<Metric> m : study.metrics()) {
        if (!m.of().needsMethod()) {
          rows = rows.plus(m.of().probe(any, workspace), 1);
          rows = rows.plus(m.of().probe(any, workspace), methods.size() - 1L);
        }
      }
      for (Method method : methods) {
        Explained its = flat(grey, pixels, method);
        for (Study.Measure<Metric> m : study.metrics()) {
          if (m.of().needsMethod()) {
            rows = rows.plus(m.of().probe(its, workspace), 1);
          }
        }
      }
    }
    return rows;
  }

  static float[] dot(Subject grey) {
    float[] pixels = grey.pixels().clone();
    pixels[0] = 1;
    return pixels;
  }

  /** A map of ones, of an image of one dot that shows the class nowhere. */
  static Explained flat(Subject grey, float[] pixels, Method method) {
    float[] map = new float[grey.shape().dim(1) * grey.shape().dim(2)];
    Arrays.fill(map, 1);
    return explained(grey, pixels, map, Worker.explainer(method, grey));
  }

  /** That shows the class nowhere. */
  static Explained explained(Subject grey, float[] pixels, float[] map, Explainer explainer) {
    int h = grey.shape().dim(1);
    int w = grey.shape().dim(2);
    return new Explained(grey.shape(), pixels, 0, map, h, w, new boolean[h * w], explainer);
  }

  /** A class of an image that is 0 everywhere. */
  static Subject grey(Model model) {
    return model.preparation().subject(new float[model.preparation().shape().count()], 0);
  }

  /**
   * What a method asks of one image.
   *
   * @param width rows at a time, at most
   * @param backward whether gradients are asked for
   * @param window height and width of what rows differ in, where only that is computed
   * @param open whether more rows may follow
   */
  record Size(long rows, int width, boolean backward, Optional<int[]> window, boolean open) {
    static Size of(Probe<?> probe, Device device) {
      Optional<int[]> window =
          Windowing.isTried(probe, device)
              ? Optional.of(new int[] {probe.occluded().tall(), probe.occluded().wide()})
              : Optional.empty();
      long rows = probe.inTurn().stream().mapToLong(Probe::size).sum();
      return new Size(rows, probe.width(), probe.ask().wantsGradient(), window, probe.isOpen());
    }
  }

  /** Of all methods and runs of a plan, each alone; depends on the image's size alone. */
  static Map<Method, Size> sizes(Plan plan, Subject subject, Device device) {
    Map<Method, Size> sizes = new HashMap<>();
    List<Method> all = new ArrayList<>(plan.mapped());
    plan.runs().forEach(r -> all.add(r.method()));
    for (Method m : all) {
      try (var workspace = new Workspace(device)) {
        if (!sizes.containsKey(m)) {
          Probe<?> probe = m.probe(subject, workspace);
          sizes.put(m, Size.of(probe, device));
        }
      }
    }
    return sizes;
  }

  /** Of the runs of a plan, where images as they are need not be asked about again. */
  static Map<Method, Size> shared(Plan plan, Subject subject, Device device, Asked asked) {
    Map<Method, Size> sizes = new HashMap<>();
    for (Run r : plan.runs()) {
      try (var workspace = new Workspace(device, asked)) {
        Probe<?> probe = r.method().probe(subject, workspace);
        sizes.put(r.method(), Size.of(probe, device));
      }
    }
    return sizes;
  }

  /** Counts what would be asked, and asks nothing. */
  static Asked asked(Device device) {
    return new Asked(device, image -> new Prediction(new float[1], Likelihood.SOFTMAX));
  }

  static Plan.Rows rows(Plan plan, Map<Method, Size> alone, Map<Method, Size> shared, Asked asked) {
    long runs = shared.values().stream().mapToLong(Size::rows).sum();
    return plan.rows(m -> alone.get(m).rows(), runs + asked.rows());
  }
}
