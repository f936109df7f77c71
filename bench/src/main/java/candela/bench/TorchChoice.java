package candela.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import candela.method.Subject;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** Finds PyTorch's best memory format and batch: a user who measures would take these. */
final class TorchChoice {
  private static final List<Integer> BATCHES = List.of(10, 32, 64, 128);
  private static final double TURN = 0.5;

  private final Subject subject;
  private final PrintStream out;

  TorchChoice(Subject subject, PrintStream out) {
    this.subject = subject;
    this.out = out;
  }

  TorchSam of(List<TorchModel> models) {
    out.println("PyTorch's time of a row in ms, by memory format and batch:");
    return new TorchSam(
        best(models, BATCHES, false),
        best(models, BATCHES, true),
        best(models, List.of(1), true).model());
  }

  private TorchSam.Choice best(List<TorchModel> models, List<Integer> batches, boolean backward) {
    TorchSam.Choice best = null;
    out.printf("  %-20s", backward ? "forward + backward" : "forward");
    for (TorchModel m : models) {
      for (int batch : batches) {
        double seconds = seconds(m, batch, backward) / batch;
        out.printf(Locale.ROOT, "  %s %d: %.2f", m.name(), batch, seconds * 1e3);
        if (best == null || seconds < best.seconds()) {
          best = new TorchSam.Choice(m, batch, seconds);
        }
      }
    }
    out.println();
    return best;
  }

  /** Of a batch; the fastest call of about half a second, after one to warm up. */
  double seconds(TorchModel model, int batch, boolean backward) {
    try (NDManager scope = model.scope()) {
      NDArray x = scope.create(subject.pixels(), new Shape(1, 3, Setting.SIZE, Setting.SIZE));
      NDArray rows = model.layout(x.repeat(0, batch));
      double least = Double.POSITIVE_INFINITY;
      double all = 0;
      for (int i = 0; i < 2 || all < TURN; i++) {
        long start = System.nanoTime();
        call(model, rows, backward);
        double seconds = (System.nanoTime() - start) / 1e9;
        least = i == 0 ? least : Math.min(least, seconds);
        all += i == 0 ? 0 : seconds;
      }
      return least;
    }
  }

  private void call(TorchModel model, NDArray rows, boolean backward) {
    if (!backward) {
      var unused = model.probabilities(rows, subject.target());
      return;
    }
    try (NDManager scope = model.scope()) {
      NDArray leaf = rows.stopGradient();
      leaf.attach(scope);
      model
          .gradient(
              leaf, scope, in -> in, out -> TorchModel.column(out.logits(), subject.target()).sum())
          .close();
    }
  }
}
