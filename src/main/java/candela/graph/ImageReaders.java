package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.graph.op.Activation;
import candela.graph.op.Affine;
import candela.graph.op.AveragePool;
import candela.graph.op.Conv;
import candela.graph.op.ConvTranspose;
import candela.graph.op.GroupNorm;
import candela.graph.op.InstanceNorm;
import candela.graph.op.LayerNorm;
import candela.graph.op.Lrn;
import candela.graph.op.MaxPool;
import candela.graph.op.PadConstant;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Transpose;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Readers of operators on images; they put channels last around the operator. */
final class ImageReaders {
  private ImageReaders() {}

  static Value conv(Call c) {
    if (!c.builder().known(c.x(1)).isConstant()) {
      return ComputedConv.read(c);
    }
    Value x = image(c, c.x(0));
    List<Value> in = parameters(c, x);
    Shape w = in.get(1).shape();
    Window z = Window.read(c, x.shape(), w.dim(2), w.dim(3), c.x(0).shape().rank() == 3);
    int[] far = z.takeFarPads();
    if (Arrays.stream(far).anyMatch(p -> p > 0)) {
      int[] before = {0, far[0], far[1], 0};
      in.set(0, c.add(new PadConstant(before, new int[] {0, far[2], far[3], 0}, 0), x));
    }
    Conv op =
        new Conv(z.strides(), z.dilations(), z.pads(), c.small("group", 1), Activation.NONE, false);
    return back(c, c.add(op, in));
  }

  static Value convTranspose(Call c) {
    Value x = image(c, c.x(0));
    List<Value> in = parameters(c, x);
    Shape w = in.get(1).shape();
    boolean flat = c.x(0).shape().rank() == 3;
    Window z = Window.readTransposed(c, x.shape(), w.dim(2), w.dim(3), flat);
    int[] reached = new int[2];
    int[] beyond = new int[4];
    for (int i = 0; i < 2; i++) {
      boolean near = z.outputPads()[i] < z.strides()[i];
      reached[i] = near ? z.outputPads()[i] : 0;
      beyond[1 + i] = near ? 0 : z.outputPads()[i];
    }
    ConvTranspose op =
        new ConvTranspose(z.strides(), z.dilations(), z.pads(), reached, c.small("group", 1));
    boolean wide = beyond[1] + beyond[2] > 0;
    return back(c, wide ? widened(c, op, in, beyond) : c.add(op, in));
  }

  /** Patches that overlap are added where they lie: a transposed convolution with ones. */
  static Value col2Im(Call c) {
    int[] image = Call.narrow(c.needed(1, "image_shape"));
    int[] block = Call.narrow(c.needed(2, "block_shape"));
    int[] dilations = Call.narrow(c.integers("dilations", 1, 1));
    int[] pads = Call.narrow(c.integers("pads", 0, 0, 0, 0));
    int[] strides = Call.narrow(c.integers("strides", 1, 1));
    Shape x = c.x(0).shape();
    if (image.length != 2 || block.length != 2 || x.rank() != 3) {
      throw CandelaException.of("blocks of images with two axes expected, is %s", x);
    }
    for (int i = 0; i < 2; i++) {
      if (strides[i] < 1 || dilations[i] < 1 || block[i] < 1 || pads[i] < 0 || pads[2 + i] < 0) {
        throw CandelaException.of(
            "strides, dilations and blocks of 1 or more and pads of 0 or more expected");
      }
    }
    int taps = Math.multiplyExact(block[0], block[1]);
    int[] count = new int[2];
    int[] rest = new int[2];
    for (int i = 0; i < 2; i++) {
      long reach = (long) dilations[i] * (block[i] - 1) + 1;
      int beyond = Math.toIntExact(0L + image[i] + pads[i] + pads[2 + i] - reach);
      if (beyond < 0) {
        throw CandelaException.of("a block of %d does not fit axis %d of the image", block[i], i);
      }
      count[i] = beyond / strides[i] + 1;
      rest[i] = beyond % strides[i];
    }
    if (x.dim(1) % taps != 0 || x.dim(2) != (long) count[0] * count[1]) {
      throw CandelaException.of(
          "%s: %d x %d blocks of %d x %d expected", x, count[0], count[1], block[0], block[1]);
    }
    int channels = x.dim(1) / taps;
    c.builder().make((long) x.dim(1) * taps);
    float[] ones = new float[channels * taps * taps];
    for (int i = 0; i < channels * taps; i++) {
      ones[i * taps + i % taps] = 1;
    }
    Value blocks = c.reshape(c.x(0), x.dim(0), x.dim(1), count[0], count[1]);
    Value weights = c.of(Shape.of(channels * taps, 1, block[0], block[1]), ones);
    Value y =
        c.add(
            new ConvTranspose(strides, dilations, pads, rest, channels),
            c.transpose(blocks, 0, 2, 3, 1),
            weights);
    return c.transpose(y, 0, 3, 1, 2);
  }

  /** The bias reaches the rows and columns that are beyond the kernel, the weights do not. */
  private static Value widened(Call c, ConvTranspose op, List<Value> in, int[] beyond) {
    Value y = c.add(op, in.subList(0, 2));
    y = c.add(new PadConstant(new int[4], beyond, 0), y);
    return in.size() == 2 ? y : c.binary(Binary.ADD, y, in.get(2));
  }

  private static List<Value> parameters(Call c, Value x) {
    Value weights = c.fixed(1, "weights");
    Shape w = weights.shape();
    if (w.rank() != c.x(0).shape().rank()) {
      throw CandelaException.of("weights %s do not fit images %s", w, c.x(0).shape());
    }
    boolean flat = w.rank() == 3;
    List<Value> in = new ArrayList<>(List.of(x));
    in.add(flat ? c.reshape(weights, w.dim(0), w.dim(1), 1, w.dim(2)) : weights);
    if (c.has(2)) {
      in.add(c.fixed(2, "bias"));
    }
    return in;
  }

  static Value maxPool(Call c) {
    c.only(1, "indices of the maximum are not supported");
    Value x = image(c, c.x(0));
    c.ignore("storage_order");
    return back(c, c.add(new MaxPool(pool(c, x).window()), x));
  }

  static Value averagePool(Call c) {
    Value x = image(c, c.x(0));
    Window z = pool(c, x);
    boolean include = c.integer("count_include_pad", 0) != 0;
    if (z.isIdentity()) {
      return ElementReaders.same(c, c.x(0));
    }
    return back(c, c.add(new AveragePool(z.window(), z.pads()[2], z.pads()[3], include), x));
  }

  static Window pool(Call c, Value x) {
    boolean flat = c.x(0).shape().rank() == 3;
    int[] kernel = Call.narrow(c.integers("kernel_shape"));
    if (kernel.length != (flat ? 1 : 2)) {
      throw CandelaException.of(
          "kernel_shape has %d entries for %s", kernel.length, c.x(0).shape());
    }
    return Window.read(c, x.shape(), flat ? 1 : kernel[0], kernel[kernel.length - 1], flat)
        .overlapping();
  }

  static Value globalAverage(Call c) {
    return global(c, Reduction.MEAN);
  }

  static Value globalMax(Call c) {
    return global(c, Reduction.MAX);
  }

  private static Value global(Call c, Reduction kind) {
    if (c.x(0).shape().rank() < 3) {
      throw CandelaException.of("input %s; images [N,C,…] expected", c.x(0).shape());
    }
    return c.add(new Reduce(kind, 2, c.x(0).shape().rank()), c.x(0));
  }

  static Value lrn(Call c) {
    Value x = c.x(0);
    channels(c);
    if (c.small("size", 0) < 1) {
      throw CandelaException.of("size of 1 or more expected, got %d", c.small("size", 0));
    }
    Lrn op =
        new Lrn(
            c.small("size", 1), c.real("alpha", 1e-4f), c.real("beta", .75f), c.real("bias", 1));
    return channelsFirst(c, c.add(op, channelsLast(c, x)));
  }

  /**
   * Exporters write group normalisation as a reshape to [N,G,pixels], this, and a reshape back; it
   * is read as what it is, of the image by way of that reshape, whose gradient may be asked for.
   */
  static Value instanceNorm(Call c) {
    float epsilon = c.real("epsilon", 1e-5f);
    Value x = c.x(0);
    Value scale = c.fixed(1, "scale");
    Value bias = c.fixed(2, "bias");
    Node before = c.builder().producer(x);
    Value image = before != null && before.op() instanceof Reshape ? before.input(0) : x;
    boolean grouped =
        image.shape().rank() > 2
            && x.shape().rank() == 3
            && image.shape().dim(0) == x.shape().dim(0)
            && image.shape().dim(1) > x.shape().dim(1)
            && image.shape().dim(1) % x.shape().dim(1) == 0;
    if (grouped) {
      Value back = c.reshape(x, image.shape().dims());
      Value y = groups(c, back, x.shape().dim(1), epsilon, scale, bias);
      return c.reshape(y, x.shape().dims());
    }
    InstanceNorm op = new InstanceNorm(epsilon);
    return channelsFirst(c, c.add(op, channelsLast(c, x), scale, bias));
  }

  static Value groupNorm(Call c) {
    int groups = c.small("num_groups", 1);
    c.ignore("stash_type");
    int channels = channels(c);
    if (groups < 1 || channels % groups != 0) {
      throw CandelaException.of("%d channels cannot be split in %d groups", channels, groups);
    }
    float epsilon = c.real("epsilon", 1e-5f);
    return groups(c, c.x(0), groups, epsilon, c.fixed(1, "scale"), c.fixed(2, "bias"));
  }

  /** Scale and bias have one value a channel, or one a group. One group is a row of all pixels. */
  private static Value groups(Call c, Value x, int groups, float epsilon, Value scale, Value bias) {
    int channels = x.shape().dim(1);
    Value[] p = {repeated(c, scale, channels), repeated(c, bias, channels)};
    Value last = channelsLast(c, x);
    if (groups > 1) {
      return channelsFirst(c, c.add(new GroupNorm(groups, epsilon), last, p[0], p[1]));
    }
    int n = x.shape().dim(0);
    Value row = c.reshape(last, n, n == 0 ? 0 : x.shape().count() / n);
    Value y = c.reshape(c.add(new LayerNorm(1, epsilon), row), last.shape().dims());
    return channelsFirst(c, c.add(new Affine(), y, p[0], p[1]));
  }

  private static Value repeated(Call c, Value p, int channels) {
    float[] one = p.constant().floats();
    if (one.length == channels || one.length == 0 || channels % one.length != 0) {
      return p;
    }
    float[] all = new float[channels];
    for (int k = 0; k < channels; k++) {
      all[k] = one[k / (channels / one.length)];
    }
    return c.of(Shape.of(channels), all);
  }

  static Value batchNorm(Call c) {
    if (c.integer("training_mode", 0) != 0) {
      return standardised(c);
    }
    checkInference(c);
    if (c.integer("spatial", 1) != 1) {
      throw CandelaException.of("spatial 0 is not supported");
    }
    if (c.builder().norms() != Builder.Norms.FOLDED) {
      return TrainingForm.batchNorm(c, channelsLast(c, c.x(0)), y -> channelsFirst(c, y));
    }
    c.ignore("momentum");
    c.only(1, "statistics of training are not supported; export the model for inference");
    double epsilon = c.real("epsilon", 1e-5f);
    float[][] p = new float[5][];
    int channels = c.x(0).shape().rank() > 1 ? c.x(0).shape().dim(1) : 1;
    for (int i = 1; i < 5; i++) {
      p[i] = c.constant(i, List.of("", "scale", "bias", "mean", "variance").get(i)).floats();
      if (p[i].length != channels) {
        throw CandelaException.of("%d parameters for %d channels", p[i].length, channels);
      }
    }
    float[] scale = new float[channels];
    float[] shift = new float[channels];
    for (int i = 0; i < channels; i++) {
      double s = p[1][i] / Math.sqrt(p[4][i] + epsilon);
      scale[i] = (float) s;
      shift[i] = (float) (p[2][i] - p[3][i] * s);
    }
    Value y =
        c.add(
            new Affine(),
            channelsLast(c, c.x(0)),
            c.of(Shape.of(channels), scale),
            c.of(Shape.of(channels), shift));
    return channelsFirst(c, y);
  }

  /** Opsets 7 to 13 say by more than one output that it takes the statistics of its batch. */
  private static void checkInference(Call c) {
    long outputs = c.node().outputs().stream().filter(name -> !name.isEmpty()).count();
    if (outputs > 1 && c.opset() >= 7 && c.opset() < 14) {
      throw CandelaException.of(
          "%d outputs: at opset %d that is training mode, which is not supported; export the model"
              + " for inference",
          outputs, c.opset());
    }
  }

  /** With statistics of its own: weights that a network standardises so, never images. */
  private static Value standardised(Call c) {
    Value x = c.builder().known(c.x(0));
    if (!x.isConstant() || x.shape().rank() < 3 || x.shape().dim(0) != 1) {
      throw CandelaException.of("training_mode 1 is not supported; export the model for inference");
    }
    c.ignore("momentum");
    c.only(1, "statistics of training are not supported; export the model for inference");
    InstanceNorm op = new InstanceNorm(c.real("epsilon", 1e-5f));
    return channelsFirst(c, c.add(op, channelsLast(c, x), c.fixed(1, "scale"), c.fixed(2, "bias")));
  }

  private static int channels(Call c) {
    Shape s = c.x(0).shape();
    if (s.rank() < 2) {
      throw CandelaException.of("input %s; images with channels [N,C,…] expected", s);
    }
    return s.dim(1);
  }

  /** [N,C,H,W] or [N,C,W] as [N,H,W,C]. */
  static Value image(Call c, Value x) {
    Shape s = x.shape();
    if (s.rank() != 3 && s.rank() != 4) {
      throw CandelaException.of("input %s; supported are 1-d and 2-d images", s);
    }
    Value flat = s.rank() == 4 ? x : c.reshape(x, s.dim(0), s.dim(1), 1, s.dim(2));
    return c.transpose(flat, 0, 2, 3, 1);
  }

  static Value back(Call c, Value y) {
    Value z = c.transpose(y, 0, 3, 1, 2);
    Shape s = z.shape();
    return c.x(0).shape().rank() == 4 ? z : c.reshape(z, s.dim(0), s.dim(1), s.dim(3));
  }

  private static Value channelsLast(Call c, Value x) {
    int rank = x.shape().rank();
    int[] perm = new int[rank];
    for (int i = 1; i < rank; i++) {
      perm[i] = i == rank - 1 ? 1 : i + 1;
    }
    return rank < 3 ? x : c.add(new Transpose(perm), x);
  }

  private static Value channelsFirst(Call c, Value x) {
    int rank = x.shape().rank();
    int[] perm = new int[rank];
    for (int i = 1; i < rank; i++) {
      perm[i] = i == 1 ? rank - 1 : i - 1;
    }
    return rank < 3 ? x : c.add(new Transpose(perm), x);
  }
}
