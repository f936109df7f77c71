package candela.graph;

import candela.device.Binary;
import candela.graph.op.Concat;
import candela.graph.op.PadConstant;
import candela.graph.op.Slice;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Reader of convolutions whose weights the image decides: products of matrices, of the weights and
 * of the pixels that each tap of the kernel sees.
 */
final class ComputedConv {
  private ComputedConv() {}

  static Value read(Call c) {
    Shape x = c.x(0).shape();
    Shape w = c.x(1).shape();
    if (x.rank() != 4 || w.rank() != 4) {
      throw CandelaException.of(
          "computed weights %s and input %s; supported are images [N,C,H,W]", w, x);
    }
    int n = x.dim(0);
    int groups = c.small("group", 1);
    // of each image its own weights
    boolean each = c.images(0) == 0 && c.holdsEach(1);
    int images = each ? n : 1;
    if (each) {
      c.builder().keepApart(c.node().outputs().getFirst());
    }
    int filters = w.dim(0) / images;
    boolean split = groups > 0 && x.dim(1) % groups == 0 && filters % groups == 0;
    if (!split || w.dim(1) * groups != x.dim(1)) {
      throw CandelaException.of("weights %s of %d groups do not fit %s", w, groups, x);
    }
    Shape last = Shape.of(n, x.dim(2), x.dim(3), x.dim(1));
    Window z = Window.read(c, last, w.dim(2), w.dim(3), false);
    int pixels = Math.multiplyExact(z.out()[0], z.out()[1]);
    int seen = w.count(1, 4);
    Value columns = c.reshape(columns(c, z), n, groups, seen, pixels);
    Value weights = c.reshape(c.x(1), images, groups, filters / groups, seen);
    Value y = MatrixReaders.product(c, weights, columns);
    y = c.reshape(y, n, filters, z.out()[0], z.out()[1]);
    if (!c.has(2)) {
      return y;
    }
    Value bias = c.x(2);
    boolean one = bias.shape().count() == filters;
    return c.binary(Binary.ADD, y, c.reshape(bias, one ? 1 : n, filters, 1, 1));
  }

  /** What the taps see of each channel, [N,C,taps,pixels]. */
  private static Value columns(Call c, Window z) {
    Shape s = c.x(0).shape();
    int[] pads = z.pads();
    int[] before = {0, 0, pads[0], pads[1]};
    int[] after = {0, 0, pads[2], pads[3]};
    Value x = c.add(new PadConstant(before, after, 0), c.x(0));
    int[] steps = {1, 1, z.strides()[0], z.strides()[1]};
    int[] sizes = {s.dim(0), s.dim(1), z.out()[0], z.out()[1]};
    List<Value> taps = new ArrayList<>();
    for (int r = 0; r < z.kernel()[0]; r++) {
      for (int q = 0; q < z.kernel()[1]; q++) {
        int[] starts = {0, 0, r * z.dilations()[0], q * z.dilations()[1]};
        Value tap = c.add(new Slice(starts, steps, sizes), x);
        taps.add(c.reshape(tap, s.dim(0), s.dim(1), 1, z.out()[0] * z.out()[1]));
      }
    }
    return c.add(new Concat(2), taps);
  }
}
