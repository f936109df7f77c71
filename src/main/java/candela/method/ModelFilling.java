package candela.method;

import candela.graph.Graph;
import candela.graph.Import;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.graph.Simplify;
import candela.graph.Unsuited;
import candela.onnx.Dim;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxValue;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs a {@link ModelInpainter}, a row at a time, so that no bit depends on the others.
 *
 * <p>Its session is the workspace's. For the thread that uses the device.
 */
final class ModelFilling implements Inpainter.Filling {
  private static final int COLOURS = 3;

  /** Encoders halve an open size two or three times. */
  private static final int MULTIPLE = 8;

  private final ModelInpainter.Values values;
  private final Shape image;
  private final Levels levels;
  private final Workspace workspace;
  private final Session session;
  private final Tensor colours;
  private final Tensor mask;

  /** The model's rows and columns. */
  private final int tall;

  private final int wide;
  private final Resizing there;
  private final Resizing back;

  ModelFilling(ModelInpainter inpainter, Shape image, Levels levels, Workspace workspace) {
    values = inpainter.values();
    this.image = image;
    this.workspace = workspace;
    if (image.dim(0) != COLOURS) {
      throw Unsuited.of(
          "inpainter: %s: images of 3 channels expected, got %d; use telea",
          inpainter.name(), image.dim(0));
    }
    this.levels = levels.forChannels(COLOURS, "inpaint");
    OnnxModel model = OnnxModel.read(inpainter.file());
    OnnxValue x = input(model, COLOURS);
    OnnxValue m = input(model, 1);
    tall = side(x, 2, image.dim(1));
    wide = side(x, 3, image.dim(2));
    if (side(m, 2, image.dim(1)) != tall || side(m, 3, image.dim(2)) != wide) {
      throw CandelaException.of(
          "inpainter: %s: image and mask of one size expected, got %s and %s",
          model.name(), words(x), words(m));
    }
    Shape full = Shape.of(1, COLOURS, tall, wide);
    Map<String, Shape> shapes = Map.of(x.name(), full, m.name(), full.with(1, 1));
    Graph graph = Simplify.all(Import.graph(model, 1, shapes), Set.of());
    if (!graph.outputs().get(0).shape().equals(full)) {
      throw CandelaException.of(
          "inpainter: %s: output %s expected for an image of that shape, is %s",
          model.name(), full, graph.outputs().get(0).shape());
    }
    session = workspace.own(() -> Session.open(graph, workspace.device(), SessionOptions.FORWARD));
    colours = session.input(x.name());
    mask = session.input(m.name());
    there = new Resizing(workspace, COLOURS + 1, image.dim(1), image.dim(2), tall, wide);
    back = new Resizing(workspace, COLOURS, tall, wide, image.dim(1), image.dim(2));
  }

  /** The only input of so many channels, of two in all. */
  private static OnnxValue input(OnnxModel model, int channels) {
    List<OnnxValue> fit =
        model.inputs().stream().filter(v -> v.type().isFloating() && fits(v, channels)).toList();
    if (fit.size() != 1 || model.inputs().size() != 2) {
      throw CandelaException.of(
          "inpainter: %s: two float inputs, image[n,3,h,w] and mask[n,1,h,w], expected, it takes"
              + " %s; give an inpainting model, or telea",
          model.name(), model.inputs().stream().map(ModelFilling::words).toList());
    }
    return fit.get(0);
  }

  private static boolean fits(OnnxValue v, int channels) {
    List<Dim> dims = v.dims().orElse(List.of());
    return dims.size() == 4 && dims.get(1).equals(new Dim.Fixed(channels));
  }

  private static String words(OnnxValue v) {
    return v.name() + v.dims().map(Object::toString).orElse("") + " " + v.type();
  }

  private static int side(OnnxValue v, int axis, int otherwise) {
    return v.dims().orElseThrow().get(axis) instanceof Dim.Fixed f
        ? f.size()
        : Math.ceilDiv(otherwise, MULTIPLE) * MULTIPLE;
  }

  @Override
  public void fill(float[] x, byte[] hole, float[] y) {
    int n = image.count(1, 3);
    float[] given = given(x);
    for (int row = 0; row < hole.length / n; row++) {
      for (int i = 0; i < n; i++) {
        given[COLOURS * n + i] = hole[row * n + i] != 0 ? 1 : 0;
      }
      float[] made = made(given);
      for (int i = 0; i < image.count(); i++) {
        float value =
            hole[row * n + i % n] != 0 ? level(made[plane(i / n) * n + i % n], i / n) : x[i];
        y[row * image.count() + i] = value;
      }
    }
  }

  /** The image as red, green, blue in the model's values, and room for the mask. */
  private float[] given(float[] x) {
    int n = image.count(1, 3);
    float[] given = new float[(COLOURS + 1) * n];
    for (int i = 0; i < image.count(); i++) {
      float black = levels.black().get(i / n);
      float unit = (x[i] - black) / (levels.white().get(i / n) - black);
      given[plane(i / n) * n + i % n] = values.black + unit * (values.white - values.black);
    }
    return given;
  }

  /** Where the model has a channel of ours. */
  private int plane(int channel) {
    return levels.blueFirst() ? COLOURS - 1 - channel : channel;
  }

  /** What the model makes of an image and a mask, at the image's size. */
  private float[] made(float[] given) {
    float[] in = there.apply(given);
    int n = tall * wide;
    float[] missing = new float[n];
    float[] shown = new float[COLOURS * n];
    for (int i = 0; i < shown.length; i++) {
      missing[i % n] = in[COLOURS * n + i % n] > 0 ? 1 : 0;
      shown[i] = in[COLOURS * n + i % n] > 0 ? 0 : in[i];
    }
    workspace.device().write(colours, shown);
    workspace.device().write(mask, missing);
    session.forward();
    return back.apply(workspace.device().read(session.output()));
  }

  /** A value of the model's as one of the network's, between black and white. */
  private float level(float made, int channel) {
    float unit = (made - values.blackOut) / (values.whiteOut - values.blackOut);
    float black = levels.black().get(channel);
    return black + Math.clamp(unit, 0, 1) * (levels.white().get(channel) - black);
  }

  /** Planes of one size to another, between the centres of pixels. */
  private static final class Resizing {
    private final Workspace workspace;
    private final int planes;
    private final int w;
    private final int tall;
    private final boolean same;
    private final MaskAxis down;
    private final MaskAxis across;
    private final Tensor x;
    private final Tensor half;
    private final Tensor y;

    Resizing(Workspace workspace, int planes, int h, int w, int tall, int wide) {
      this.workspace = workspace;
      this.planes = planes;
      this.w = w;
      this.tall = tall;
      same = h == tall && w == wide;
      down = new MaskAxis(workspace, h, tall, true, 0);
      across = new MaskAxis(workspace, w, wide, true, 0);
      x = workspace.tensor(Shape.of(planes, h, w));
      half = workspace.tensor(Shape.of(planes, tall, w));
      y = workspace.tensor(Shape.of(planes, tall, wide));
    }

    float[] apply(float[] values) {
      if (same) {
        return values;
      }
      workspace.device().write(x, values);
      down.enlarge(planes, w, x.data(), half.data());
      across.enlarge(planes * tall, 1, half.data(), y.data());
      return workspace.device().read(y);
    }
  }
}
