package candela.metric;

import candela.image.Filter;
import candela.image.Resize;
import candela.image.Spline;
import candela.tensor.CandelaException;

/**
 * What becomes of maps before they are compared: by which value they are divided, and how they come
 * to one size.
 *
 * <p><b>Ours</b> ({@link #standard}): divided by their largest absolute value, because the methods'
 * units differ; resized, where a map is smaller than the image, by pixels' areas (triangle filter);
 * data range of SSIM 2 for signed maps, 1 for others.
 *
 * <p><b>SAM's</b> ({@link #sam}): maps of sliding patches as they are, resized to the image by a
 * quintic spline, data range 2; masks of meaningful perturbation as they are, data range 1; all
 * others divided by their largest absolute value, data range 2.
 *
 * <p>A map of zeros is divided by zero: it becomes NaN, its similarities are NaN, and who averages
 * leaves them out, as SAM does.
 *
 * @param rescale whether a map is divided by its largest absolute value
 * @param enlarge how a smaller map comes to the image's size
 * @param dataRange of SSIM
 */
public record Treatment(boolean rescale, Enlarge enlarge, double dataRange) {
  /** How a map comes to another size. */
  public enum Enlarge {
    BILINEAR,
    SPLINE
  }

  public Treatment {
    Check.positive(dataRange, "similarity: dataRange");
  }

  public static Treatment standard(boolean signed) {
    return new Treatment(true, Enlarge.BILINEAR, signed ? 2 : 1);
  }

  /**
   * Bansal, Agarwal and Nguyen 2020, as their scripts do it.
   *
   * @param method name as listed
   */
  public static Treatment sam(String method) {
    return switch (method) {
      case "sliding-patch" -> new Treatment(false, Enlarge.SPLINE, 2);
      case "meaningful-perturbation" -> new Treatment(false, Enlarge.SPLINE, 1);
      default -> new Treatment(true, Enlarge.SPLINE, 2);
    };
  }

  /**
   * The similarity of a text; SSIM's data range is this one's where the text leaves it at 0.
   *
   * @throws CandelaException when the text is none
   */
  public Similarity similarity(String text) {
    Similarity similarity = Similarities.parse(text);
    return similarity instanceof Ssim s && s.dataRange() == 0
        ? new Ssim(s.weights(), s.window(), dataRange)
        : similarity;
  }

  /** map[h,w] at [height,width], as it will be compared. */
  public float[] apply(float[] map, int h, int w, int height, int width) {
    if (map.length != h * w) {
      throw CandelaException.of(
          "similarity: %d values expected for a map of %d x %d, got %d", h * w, h, w, map.length);
    }
    float[] y = map.clone();
    if (rescale) {
      float most = 0;
      for (float v : y) {
        most = Math.max(most, Math.abs(v));
      }
      for (int i = 0; i < y.length; i++) {
        y[i] /= most;
      }
    }
    if (h == height && w == width) {
      return y;
    }
    return enlarge == Enlarge.SPLINE
        ? Spline.of(y, h, w, height, width)
        : Resize.of(y, h, w, height, width, Filter.BILINEAR);
  }
}
