package candela.method;

import candela.tensor.Shape;
import java.util.Optional;

/**
 * What a method has made up in its rows; so that what it costs can be told before.
 *
 * @param inpainter that does it
 * @param hidden the share of a row's pixels, about
 */
public record Inpainting(Inpainter inpainter, double hidden) {
  /** Nothing with another fill than inpaint. */
  static Optional<Inpainting> of(Fill fill, Inpainter inpainter, double hidden) {
    return fill == Fill.INPAINT ? Optional.of(new Inpainting(inpainter, hidden)) : Optional.empty();
  }

  /** The same of a square window, cut at the edges of the image. */
  static Optional<Inpainting> of(Fill fill, Inpainter inpainter, int side, Shape image) {
    double h = image.dim(1);
    double w = image.dim(2);
    return of(fill, inpainter, Math.min(side / h, 1) * Math.min(side / w, 1));
  }

  /** A hole of that share in the middle of an image. */
  public byte[] hole(Shape image) {
    int h = image.dim(1);
    int w = image.dim(2);
    int tall = Math.clamp(Math.round(h * Math.sqrt(hidden)), 1, h);
    int wide = Math.clamp(Math.round(w * Math.sqrt(hidden)), 1, w);
    byte[] hole = new byte[h * w];
    for (int i = (h - tall) / 2; i < (h + tall) / 2; i++) {
      for (int j = (w - wide) / 2; j < (w + wide) / 2; j++) {
        hole[i * w + j] = 1;
      }
    }
    return hole;
  }
}
