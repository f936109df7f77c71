package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * The loss of classification and the steps of optimisers. The entries of kernels/learn.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Learn {
  private final Kernels kernels;
  private final Entry crossEntropy;
  private final Entry sgdStep;
  private final Entry adamStep;

  Learn(Kernels kernels) {
    this.kernels = kernels;
    crossEntropy =
        kernels.entry(
            "cd_cross_entropy",
            POINTER,
            LONG,
            LONG,
            FLOAT,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    sgdStep =
        kernels.entry(
            "cd_sgd_step", POINTER, LONG, FLOAT, FLOAT, INT, FLOAT, POINTER, POINTER, POINTER);
    adamStep =
        kernels.entry(
            "cd_adam_step",
            POINTER,
            LONG,
            LONG,
            FLOAT,
            FLOAT,
            FLOAT,
            FLOAT,
            FLOAT,
            INT,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /**
   * loss[rows] = cross entropy of logits[rows,classes] with class target[rows], smoothing of the
   * probability spread over all classes; seed[rows,classes] (or NULL) = weight * d loss / d logits.
   * A target outside 0..classes-1 gives NaN. No overlap.
   */
  public void crossEntropy(
      long rows,
      long classes,
      float smoothing,
      float weight,
      MemorySegment logits,
      MemorySegment target,
      MemorySegment loss,
      MemorySegment seed) {
    kernels.run(crossEntropy, rows, classes, smoothing, weight, logits, target, loss, seed);
  }

  /**
   * d = g[n] + decay * w[n]; velocity[n] = momentum * velocity + d; w -= rate * velocity, nesterov:
   * rate * (d + momentum * velocity). No overlap.
   */
  public void sgdStep(
      long n,
      float rate,
      float momentum,
      boolean nesterov,
      float decay,
      MemorySegment g,
      MemorySegment velocity,
      MemorySegment w) {
    kernels.run(sgdStep, n, rate, momentum, nesterov, decay, g, velocity, w);
  }

  /**
   * Adam's step number step (1, 2, …): first[n] and second[n] are the moments; decay is added to g,
   * decoupled: w first shrinks by rate * decay. No overlap.
   */
  public void adamStep(
      long n,
      long step,
      float rate,
      float beta1,
      float beta2,
      float epsilon,
      float decay,
      boolean decoupled,
      MemorySegment g,
      MemorySegment first,
      MemorySegment second,
      MemorySegment w) {
    kernels.run(
        adamStep, n, step, rate, beta1, beta2, epsilon, decay, decoupled, g, first, second, w);
  }
}
