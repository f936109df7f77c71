package candela.bench;

import candela.method.Lime;
import candela.method.MeaningfulPerturbation;
import candela.method.Method;
import candela.method.SlidingPatch;
import candela.method.SmoothGrad;
import candela.method.Subject;

/**
 * PyTorch's side of {@link SamBench}: every setting for itself.
 *
 * @param forward the model and batch for scores
 * @param backward those for gradients of many rows
 * @param single the model for one row at a time
 */
record TorchSam(Choice forward, Choice backward, TorchModel single) {
  /** A memory format with its best batch. */
  record Choice(TorchModel model, int batch, double seconds) {}

  TorchMethod open(Method method, Subject subject, Draws draws) {
    return switch (method) {
      case SmoothGrad m -> new TorchSmoothGrad(backward.model(), m, subject, backward.batch());
      case SlidingPatch m -> new TorchSlidingPatch(forward.model(), m, subject, forward.batch());
      case Lime m -> new TorchLime(forward.model(), m, subject, forward.batch(), draws);
      case MeaningfulPerturbation m -> new TorchMask(single, m, subject, draws);
      default -> throw new IllegalArgumentException(method + ": not one of SAM's");
    };
  }

  /** The first rows of a setting, at least one batch of them. */
  Timing time(Method method, Subject subject, double part) {
    long start = System.nanoTime();
    try (TorchMethod open = open(method, subject, Draws.own())) {
      double before = (System.nanoTime() - start) / 1e9;
      int rows = (int) Math.max(1, Math.round(part * open.loop()));
      var unused = open.map(rows);
      double loop = (System.nanoTime() - start) / 1e9 - before;
      return new Timing(open.rows(), before, loop * open.loop() / rows);
    }
  }
}
