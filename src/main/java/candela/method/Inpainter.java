package candela.method;

import candela.config.Spec;
import candela.image.Telea;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;

/**
 * Makes up what is missing in an image from the rest of it.
 *
 * <p>As text: telea:radius=5, or FILE.onnx:values=unit.
 */
public sealed interface Inpainter permits FastMarching, ModelInpainter {
  /** The one that comes with Candela. */
  Inpainter DEFAULT = new FastMarching(new Telea());

  /** Ready to fill, on the thread of the workspace's device. */
  Filling open(Shape image, Levels levels, Workspace workspace);

  /** As {@link #parse} reads it. */
  String text();

  /** Fills the holes of images of one size. */
  interface Filling {
    /**
     * y[rows,c,h,w] = x[c,h,w] where hole[rows,h,w] is 0, else made up. What x has in a row's holes
     * does not matter to that row.
     */
    void fill(float[] x, byte[] hole, float[] y);
  }

  /**
   * Reads NAME:key=value.
   *
   * @param folder where names of files start
   * @throws CandelaException when it is neither telea nor an ONNX file
   */
  static Inpainter parse(String text, Path folder) {
    Spec spec = Spec.parse(text);
    Inpainter read;
    if (spec.name().equals("telea")) {
      read = new FastMarching(new Telea(spec.integer("radius", new Telea().radius())));
    } else if (spec.name().endsWith(".onnx")) {
      read = ModelInpainter.read(spec, folder);
    } else {
      throw CandelaException.of(
          "inpainter: telea, or a FILE.onnx that takes image and mask, expected, got '%s'",
          spec.name());
    }
    spec.finish();
    return read;
  }
}
