package candela.study;

import candela.device.Device;
import candela.device.OutOfMemory;
import candela.device.Philox;
import candela.graph.OnlyBatch;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.graph.Windowed;
import candela.method.Inpainter;
import candela.method.Inpainting;
import candela.method.Subject;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.probe.Probe;
import candela.probe.Windowing;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Seconds of a batch of each kind, as it will be run: the least of some rounds. */
final class Timing {
  private static final int ROUNDS = 2;

  private Timing() {}

  /**
   * Seconds of the processor for all rows of one map's metrics, but those that ask for maps: what
   * ROAD imputes, say, takes longer than the network.
   */
  static double writing(Study study, Model model, Device device, int batch) {
    Subject grey = Estimate.grey(model);
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i <= ROUNDS; i++) {
      Explained drawn =
          Estimate.explained(
              grey,
              drawn(2 * i, grey.shape().count()),
              drawn(2 * i + 1, grey.shape().dim(1) * grey.shape().dim(2)),
              null);
      double seconds = 0;
      try (var workspace = new Workspace(device, Estimate.asked(device))) {
        for (Study.Measure<Metric> m : study.metrics()) {
          seconds += m.of().needsMethod() ? 0 : writing(m.of(), drawn, workspace, batch);
        }
      }
      least = i == 0 ? least : Math.min(least, seconds);
    }
    return least;
  }

  private static double writing(Metric metric, Explained drawn, Workspace workspace, int batch) {
    long start = System.nanoTime();
    Probe<?> probe = metric.probe(drawn, workspace);
    double seconds = (System.nanoTime() - start) / 1e9;
    Shape image = drawn.shape();
    for (Probe<?> p : probe.inTurn()) {
      int rows = Math.clamp(p.width(), 1, batch);
      Tensor written = workspace.tensor(image.inserted(0, rows));
      start = System.nanoTime();
      int count = p.next(written);
      await(written, workspace.device());
      seconds += (System.nanoTime() - start) / 1e9 / Math.max(1, count) * p.size();
    }
    return seconds;
  }

  private static void await(Tensor t, Device device) {
    device.copyOut(t.data().asSlice(0, 4), MemorySegment.ofArray(new float[1]));
  }

  /** Between 0 and 1. */
  private static float[] drawn(int stream, int count) {
    var random = new Philox(0, stream);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.uniform();
    }
    return values;
  }

  /**
   * Of one row where the model can be read for no more, and of as many as there is room for, as it
   * will be run.
   */
  static Session session(Model model, Device device, int batch, SessionOptions options) {
    int rows = batch;
    while (true) {
      try {
        return model.network().session(device, rows, options);
      } catch (OnlyBatch | OutOfMemory e) {
        if (rows == 1) {
          throw e;
        }
        rows = e instanceof OnlyBatch ? 1 : rows / 2;
      }
    }
  }

  /** Rows of which only windows are computed, and what that takes. */
  record Windows(double seconds, long bytes) {}

  /** Null where nothing is saved, or there is no room. */
  static Windows windows(Model model, Device device, int batch, Estimate.Size size) {
    int[] window = size.window().orElseThrow();
    long start = System.nanoTime();
    try (Windowed w =
        Windowing.open(model.network(), device, batch, model.output(), window[0], window[1])) {
      double opening = (System.nanoTime() - start) / 1e9;
      return w == null
          ? null
          : new Windows(opening + secondsARow(w.session(), false) * size.rows(), w.bytes());
    }
  }

  /** On a grey image. */
  static double secondsARow(Inpainting made, Subject grey, int rows, Workspace workspace) {
    Shape image = grey.shape();
    byte[] one = made.hole(image);
    byte[] holes = new byte[rows * one.length];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(one, 0, holes, r * one.length, one.length);
    }
    Inpainter.Filling filling = made.inpainter().open(image, grey.levels(), workspace);
    float[] y = new float[rows * image.count()];
    return least(() -> filling.fill(grey.pixels(), holes, y)) / rows;
  }

  static double secondsARow(Session session, boolean gradient) {
    double seconds =
        least(
            () -> {
              session.forward();
              if (gradient) {
                session.score(ScoreKind.LOGIT, new long[session.batch()]);
                session.backward(Rules.GRADIENT);
              }
              session.await();
            });
    return seconds / session.batch();
  }

  /** Of some rounds after a first. */
  private static double least(Runnable work) {
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i <= ROUNDS; i++) {
      long start = System.nanoTime();
      work.run();
      double seconds = (System.nanoTime() - start) / 1e9;
      least = i == 0 ? least : Math.min(least, seconds);
    }
    return least;
  }
}
