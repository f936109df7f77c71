package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * The number of a class that is explained. The entries of kernels/score.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Score {
  private final Kernels kernels;
  private final Entry score;

  Score(Kernels kernels) {
    this.kernels = kernels;
    score = kernels.entry("cd_score", POINTER, INT, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
  }

  /**
   * scores[rows] = logit, probability or log probability (kind 0, 1, 2), or the latter two where
   * each class is right or not by itself (3, 4), of class target[rows] of logits[rows,classes];
   * target -1 is replaced by the first largest; seed[rows,classes] (or NULL) = d score / d logits.
   * Another target outside 0..classes-1 gives NaN, a score that is not finite a seed of NaN. No
   * overlap.
   */
  public void score(
      int kind,
      long rows,
      long classes,
      MemorySegment logits,
      MemorySegment target,
      MemorySegment scores,
      MemorySegment seed) {
    kernels.run(score, kind, rows, classes, logits, target, scores, seed);
  }
}
