package candela.metric;

import candela.image.Filter;
import candela.image.Resize;
import candela.probe.Finite;
import candela.probe.Range;
import candela.tensor.CandelaException;
import candela.tensor.Shape;

/**
 * An image, the class that was explained, and the map that is to be judged.
 *
 * <p>Its metrics share one order of the pixels, found when first asked for. Not thread-safe.
 */
public final class Explained {
  private final Shape shape;
  private final float[] pixels;
  private final int target;
  private final float[] map;
  private final float[] contributions;
  private final int h;
  private final int w;
  private final boolean[] truth;
  private final Explainer explainer;
  private int[] ranks;

  /**
   * @param shape [c,h,w] of the image as the network takes it; [n] for networks of plain vectors
   * @param pixels in that shape
   * @param target class index
   * @param map [h,w], smaller than the image where the method gives fewer values
   * @param truth pixels [h,w] of the image that show the class, by {@link Truth}; null where nobody
   *     knows
   */
  public Explained(
      Shape shape, float[] pixels, int target, float[] map, int h, int w, boolean[] truth) {
    this(shape, pixels, target, map, h, w, truth, null);
  }

  /**
   * The same.
   *
   * @param explainer the method whose map it is; null where it cannot be asked
   */
  public Explained(
      Shape shape,
      float[] pixels,
      int target,
      float[] map,
      int h,
      int w,
      boolean[] truth,
      Explainer explainer) {
    this(shape, pixels, target, map, map, h, w, truth, explainer);
  }

  private Explained(
      Shape shape,
      float[] pixels,
      int target,
      float[] map,
      float[] contributions,
      int h,
      int w,
      boolean[] truth,
      Explainer explainer) {
    if (pixels.length != shape.count()) {
      throw CandelaException.of(
          "image: %d values expected for %s, got %d", shape.count(), shape, pixels.length);
    }
    Finite.check(pixels, "image");
    if (target < 0) {
      throw CandelaException.of("target: a class of 0 or more expected, got %d", target);
    }
    if (h < 1 || w < 1) {
      throw CandelaException.of("map: one pixel or more expected, got %d x %d", h, w);
    }
    long n = (long) h * w;
    if (map.length != n || contributions.length != n) {
      throw CandelaException.of(
          "map: %d values expected for %d x %d, got %d and %d contributions",
          n, h, w, map.length, contributions.length);
    }
    this.shape = shape;
    this.pixels = pixels;
    this.target = target;
    this.map = map;
    this.contributions = contributions;
    this.h = h;
    this.w = w;
    this.truth = truth;
    this.explainer = explainer;
    if (truth != null && truth.length != height() * width()) {
      throw CandelaException.of(
          "truth: %d pixels expected for an image of %d x %d, got %d",
          height() * width(), width(), height(), truth.length);
    }
  }

  /**
   * The same, of a map whose pixels repeat what they add together.
   *
   * @param contributions [h,w], what each of them adds
   */
  public Explained adding(float[] contributions) {
    return new Explained(shape, pixels, target, map, contributions, h, w, truth, explainer);
  }

  public Shape shape() {
    return shape;
  }

  public int target() {
    return target;
  }

  /** The image's values in the network's units, in the shape's order; not to be changed. */
  public float[] pixels() {
    return pixels;
  }

  /** Largest value of the image, less its smallest. */
  double range() {
    return Range.of(pixels).size();
  }

  /** [c,h,w]; a vector is an image of one row. */
  public Shape image() {
    Shape image = shape.asImage();
    if (image.rank() != 3) {
      throw CandelaException.of("image: [c,h,w] expected, got %s", shape);
    }
    return image;
  }

  /** Of the image, in pixels. */
  public int height() {
    return image().dim(1);
  }

  /** Of the image, in pixels. */
  public int width() {
    return image().dim(2);
  }

  /**
   * The pixels that show the class, [height,width].
   *
   * @param metric who asks, for the message
   * @throws CandelaException where the image comes without
   */
  public boolean[] truth(String metric) {
    if (truth == null) {
      throw CandelaException.of(
          "%s: the pixels of the class are needed, this image comes without; give its boxes",
          metric);
    }
    return truth;
  }

  /** The method whose map it is. */
  Explainer explainer(String metric) {
    if (explainer == null) {
      throw CandelaException.of(
          "%s: the map's method is needed, to be asked again; this map comes without", metric);
    }
    return explainer;
  }

  /** The map at the image's size, [height,width], enlarged bilinearly; not to be changed. */
  public float[] fullMap() {
    return atFullSize(map);
  }

  /** What each pixel of the map adds, [h,w] as it came; not to be changed. */
  public float[] contributions() {
    return contributions;
  }

  /** Values in the map's own shape, [h,w], at the image's size. */
  float[] atFullSize(float[] values) {
    return h == height() && w == width()
        ? values
        : Resize.of(values, h, w, height(), width(), Filter.BILINEAR);
  }

  /** The map as it came, [h,w]; not to be changed. */
  public float[] map() {
    return map;
  }

  /** Whether the map is the same everywhere, so that nothing but their place orders its pixels. */
  boolean isEven() {
    return Vectors.isConstant(map);
  }

  /** |map| at the image's size. */
  double[] magnitudes() {
    double[] v = Vectors.doubles(fullMap());
    for (int i = 0; i < v.length; i++) {
      v[i] = Math.abs(v[i]);
    }
    return v;
  }

  /** Of each pixel of the image, how many are more important: 0 for the most important one. */
  int[] ranks() {
    if (ranks == null) {
      int[] order = PixelOrder.descending(fullMap());
      ranks = new int[order.length];
      for (int i = 0; i < order.length; i++) {
        ranks[order[i]] = i;
      }
    }
    return ranks;
  }
}
