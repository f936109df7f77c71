package candela.graph;

import candela.device.Binary;
import candela.device.Sample;
import candela.graph.op.Activation;
import candela.graph.op.Conv;
import candela.graph.op.GridSample;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reader of deformable convolutions: images are read at the places of each tap of the kernel, which
 * offsets move, and those are the channels of a convolution of single pixels.
 */
final class DeformReader {
  private final Call c;
  private final Shape x;
  private final Window z;
  private final int taps;
  private final int groups;
  private final int down;
  private final int across;

  private DeformReader(Call c, Shape weights) {
    this.c = c;
    x = c.x(0).shape();
    if (x.rank() != 4 || weights.rank() != 4) {
      throw CandelaException.of(
          "weights %s and input %s; supported are images [N,C,H,W]", weights, x);
    }
    Shape last = Shape.of(x.dim(0), x.dim(2), x.dim(3), x.dim(1));
    z = Window.read(c, last, weights.dim(2), weights.dim(3), false);
    taps = Math.multiplyExact(weights.dim(2), weights.dim(3));
    groups = c.small("offset_group", 1);
    down = z.out()[0];
    across = z.out()[1];
    if (groups < 1 || x.dim(1) % groups != 0) {
      throw CandelaException.of("%d channels cannot be split in %d groups", x.dim(1), groups);
    }
  }

  static Value read(Call c) {
    Value w = c.fixed(1, "weights");
    return new DeformReader(c, w.shape()).read(w);
  }

  private Value read(Value w) {
    int n = x.dim(0);
    int channels = x.dim(1);
    Value seen = c.reshape(taken(), n, groups, taps, down * across, channels / groups);
    seen = c.transpose(seen, 0, 3, 1, 4, 2);
    if (c.has(4)) {
      Value mask = c.reshape(given(4, "mask", 1), n, groups, taps, down * across, 1);
      seen = c.binary(Binary.MUL, seen, c.transpose(mask, 0, 3, 1, 4, 2));
    }
    Shape s = w.shape();
    List<Value> in = new ArrayList<>();
    in.add(c.reshape(seen, n, down, across, Math.multiplyExact(channels, taps)));
    in.add(c.reshape(w, s.dim(0), s.count(1, 4), 1, 1));
    if (c.has(3)) {
      in.add(c.fixed(3, "bias"));
    }
    int[] one = {1, 1};
    Conv conv = new Conv(one, one, new int[4], c.small("group", 1), Activation.NONE, false);
    return c.transpose(c.add(conv, in), 0, 3, 1, 2);
  }

  /** Each tap of each pixel, the groups of channels as images of their own. */
  private Value taken() {
    int n = x.dim(0);
    Value offsets = c.reshape(given(2, "offset", 2), n * groups, taps, 2, down, across);
    offsets = c.transpose(offsets, 0, 1, 3, 4, 2);
    Value places = c.binary(Binary.ADD, offsets, places());
    // from pixels to -1 … 1 between the ends of the image; down comes first in offsets
    Shape both = Shape.of(1, 1, 1, 1, 2);
    Value scale = c.of(both, 2f / x.dim(2), 2f / x.dim(3));
    Value first = c.of(both, 1f / x.dim(2) - 1, 1f / x.dim(3) - 1);
    Value grid = c.binary(Binary.ADD, c.binary(Binary.MUL, places, scale), first);
    grid = IndexReaders.picked(c, grid, 4, new int[] {1, 0});
    int each = x.dim(1) / groups;
    Value images = c.reshape(c.x(0), n * groups, each, x.dim(2), x.dim(3));
    return c.add(
        new GridSample(Sample.Mode.LINEAR, Sample.Padding.ZEROS, false),
        c.transpose(images, 0, 2, 3, 1),
        c.reshape(grid, n * groups, Math.multiplyExact(taps, down), across, 2));
  }

  /** Where taps are that nothing moves, in pixels, down and across. */
  private Value places() {
    Shape s = Shape.of(1, taps, down, across, 2);
    c.builder().make(s.count());
    float[] at = new float[s.count()];
    for (int i = 0; i < at.length; i++) {
      int side = i % 2;
      int pixel = i / 2 % (down * across);
      int tap = i / 2 / (down * across);
      int step = side == 0 ? pixel / across : pixel % across;
      int k = side == 0 ? tap / z.kernel()[1] : tap % z.kernel()[1];
      at[i] = step * z.strides()[side] - z.pads()[side] + k * z.dilations()[side];
    }
    return c.of(s, at);
  }

  /** Input i, so many numbers for each tap of each pixel. */
  private Value given(int i, String what, int each) {
    boolean once = c.images(0) >= 0 && c.images(i) < 0;
    Value v = once ? c.repeated(0, c.x(i), true) : c.x(i);
    Shape s = v.shape();
    int numbers = Math.multiplyExact(Math.multiplyExact(groups, taps), each);
    int[] expected = {x.dim(0), numbers, down, across};
    if (!Arrays.equals(s.dims(), expected)) {
      throw CandelaException.of("the %s is %s; %s expected", what, s, Shape.of(expected));
    }
    return v;
  }
}
