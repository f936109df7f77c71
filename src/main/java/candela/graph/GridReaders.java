package candela.graph;

import candela.device.Binary;
import candela.device.Sample;
import candela.graph.op.GridSample;
import candela.graph.op.Slice;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/** Readers of spatial transformers: a grid of places from a matrix, and images read there. */
final class GridReaders {
  /** Places of one image: 4096 x 4096. */
  private static final int MOST_PLACES = 1 << 24;

  private GridReaders() {}

  static Value gridSample(Call c) {
    List<Value> in = c.together(2, true);
    Shape x = in.get(0).shape();
    if (x.rank() != 4) {
      throw CandelaException.of("input %s; supported are images [N,C,H,W]", x);
    }
    String mode = c.text("mode", "linear");
    String padding = c.text("padding_mode", "zeros");
    GridSample op =
        new GridSample(
            switch (mode) {
              case "nearest" -> Sample.Mode.NEAREST;
              case "linear", "bilinear" -> Sample.Mode.LINEAR;
              case "cubic", "bicubic" -> Sample.Mode.CUBIC;
              default ->
                  throw CandelaException.of(
                      "mode '%s'; supported are nearest, linear and cubic", mode);
            },
            switch (padding) {
              case "zeros" -> Sample.Padding.ZEROS;
              case "border" -> Sample.Padding.BORDER;
              case "reflection" -> Sample.Padding.REFLECTION;
              default ->
                  throw CandelaException.of(
                      "padding_mode '%s'; supported are zeros, border and reflection", padding);
            },
            c.integer("align_corners", 0) != 0);
    Value y = c.add(op, c.transpose(in.get(0), 0, 2, 3, 1), in.get(1));
    return c.transpose(y, 0, 3, 1, 2);
  }

  /**
   * The matrices' products with the places of an image that nothing moves: number by number, for a
   * product of matrices may be rounded so that places are off by parts of a pixel.
   */
  static Value affineGrid(Call c) {
    long[] size = c.needed(1, "size");
    Shape theta = c.x(0).shape();
    if (size.length != 4 || theta.rank() != 3 || theta.dim(1) != 2 || theta.dim(2) != 3) {
      throw CandelaException.of(
          "matrices %s for a size of %d numbers; supported are [N,2,3] for images N, C, H, W",
          theta, size.length);
    }
    int n = theta.dim(0);
    boolean own = c.builder().batching() == null;
    boolean some = size[2] > 0 && size[3] > 0 && size[2] <= MOST_PLACES / size[3];
    if (!some || own && size[0] != n) {
      throw CandelaException.of(
          "%d matrices for %d images of %d x %d; one each, and 1 to 2^24 pixels are supported",
          n, size[0], size[2], size[3]);
    }
    int h = (int) size[2];
    int w = (int) size[3];
    boolean align = c.integer("align_corners", 0) != 0;
    c.builder().make(2L * h * w);
    float[] across = new float[h * w];
    float[] down = new float[h * w];
    for (int i = 0; i < h * w; i++) {
      across[i] = place(i % w, w, align);
      down[i] = place(i / w, h, align);
    }
    Shape places = Shape.of(1, 1, h * w);
    Value y = c.binary(Binary.MUL, column(c, 0), c.of(places, across));
    y = c.binary(Binary.ADD, y, c.binary(Binary.MUL, column(c, 1), c.of(places, down)));
    y = c.binary(Binary.ADD, y, column(c, 2));
    return c.transpose(c.reshape(y, n, 2, h, w), 0, 2, 3, 1);
  }

  private static Value column(Call c, int i) {
    Shape to = c.x(0).shape().with(2, 1);
    return c.add(new Slice(new int[] {0, 0, i}, new int[] {1, 1, 1}, to.dims()), c.x(0));
  }

  /** Of pixel i of n, from -1 to 1: the middles of the outermost pixels, or their ends. */
  private static float place(int i, int n, boolean align) {
    if (align) {
      return n == 1 ? 0 : (float) (2.0 * i / (n - 1) - 1);
    }
    return (float) ((2.0 * i + 1) / n - 1);
  }
}
