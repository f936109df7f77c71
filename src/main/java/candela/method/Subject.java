package candela.method;

import candela.probe.Finite;
import candela.probe.Range;
import candela.tensor.CandelaException;
import candela.tensor.Shape;

/**
 * What is explained: one preprocessed image and one class.
 *
 * @param shape [c,h,w] as the network takes it, without the batch; [n] for networks of plain
 *     vectors
 * @param pixels in that shape
 * @param target class index
 * @param levels what black, white and the mean colour are after preprocessing
 */
public record Subject(Shape shape, float[] pixels, int target, Levels levels) {
  public Subject {
    if (shape.rank() < 1 || shape.rank() > 3) {
      throw CandelaException.of("image: [c,h,w] expected, got %s", shape);
    }
    if (pixels.length != shape.count()) {
      throw CandelaException.of(
          "image: %d values expected for %s, got %d", shape.count(), shape, pixels.length);
    }
    if (target < 0) {
      throw CandelaException.of("target: a class of 0 or more expected, got %d", target);
    }
    Finite.check(pixels, "image");
  }

  public Subject(Shape shape, float[] pixels, int target) {
    this(shape, pixels, target, Levels.NONE);
  }

  /** Another image, explained likewise. */
  public Subject with(float[] others) {
    return new Subject(shape, others, target, levels);
  }

  /** [c,h,w]; a vector is an image of one row. */
  public Shape image() {
    return shape.asImage();
  }

  /** Largest minus smallest value. */
  public double range() {
    return Range.of(pixels).size();
  }
}
