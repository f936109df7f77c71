package candela.method;

import candela.graph.Network;
import candela.image.Filter;
import candela.image.Image;
import candela.image.Npy;
import candela.image.Preprocess;
import candela.image.Resize;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a run turns picture files into inputs of its network. Of other than one or three channels,
 * and of one where nothing was said of pictures, inputs are given as they are.
 */
public final class Preparation {
  /** Preset where none is given. */
  public static final String DEFAULT = "imagenet";

  /** Preset of inputs that are whole numbers. */
  private static final String LEVELS = "raw";

  /** Why it is the default. */
  public static final String UNTOLD = "not told by the model";

  /** Of inputs that are given as they are. */
  private static final String NONE = "none";

  /** Pictures of results are at least so many pixels wide or high. */
  private static final int SHOWN = 448;

  /** Of a network's input: 8192 x 8192. */
  private static final long MOST_PIXELS = 1 << 26;

  private final String name;
  private final Preprocess preprocess;
  private final Shape shape;

  /** Whether it is known what black and white are. */
  private final boolean levelled;

  /**
   * One picture.
   *
   * @param pixels what the network reads, [c,h,w]
   * @param view the same part of the picture for people, a whole multiple as large
   */
  public record Picture(float[] pixels, Image view) {}

  private final String assumed;

  private Preparation(
      String name, Preprocess preprocess, Shape shape, boolean levelled, String assumed) {
    this.name = name;
    this.preprocess = preprocess;
    this.shape = shape;
    this.levelled = levelled;
    this.assumed = assumed;
  }

  /**
   * @param name preset or file, null for the default, whatever the network's file tells
   * @param input the network's input, [1,c,h,w]
   */
  public static Preparation of(String name, Shape input, String network) {
    return of(name, DEFAULT, UNTOLD, input, network, false);
  }

  /**
   * The same of a network, which may tell what it reads: one that Candela trained by its file,
   * others by their input, whose whole numbers are levels.
   *
   * @param files that are to be read, as far as they are known: where all are .npy, one channel
   *     needs no preset, as the default is one of colours
   */
  public static Preparation of(String name, Network network, List<Path> files) {
    boolean floating = network.inputType().isFloating();
    Optional<Trained> told = floating ? Trained.of(network.model()) : Optional.empty();
    String usual = floating ? DEFAULT : LEVELS;
    String why = floating ? UNTOLD : "it reads levels";
    boolean given = !files.isEmpty() && files.stream().allMatch(Preparation::isInput);
    return of(
        name,
        told.map(Trained::preprocess).orElse(usual),
        told.isPresent() ? "told by the model" : why,
        network.inputShape(),
        network.name(),
        given && told.isEmpty());
  }

  /**
   * @param otherwise preset where the name is null
   * @param why it is that one
   * @param given whether all files are inputs as they are
   */
  private static Preparation of(
      String name, String otherwise, String why, Shape input, String network, boolean given) {
    if (input.rank() != 4) {
      throw CandelaException.of(
          "%s: images [N,C,H,W] or [N,H,W,C] expected as input, it takes %s", network, input);
    }
    long pixels = (long) input.dim(2) * input.dim(3);
    if (pixels < 1 || pixels > MOST_PIXELS) {
      throw CandelaException.of(
          "%s: images of 1 to %d pixels expected as input, it takes %s",
          network, MOST_PIXELS, input);
    }
    Shape image = Shape.of(input.dim(1), input.dim(2), input.dim(3));
    boolean grey = image.dim(0) == 1;
    if (grey && given && name == null) {
      return new Preparation(NONE, Preprocess.of("raw"), image, false, "");
    }
    if (!grey && image.dim(0) != 3) {
      if (name != null) {
        throw CandelaException.of(
            "--preprocess: none expected for inputs %s, which are read from .npy files as they are,"
                + " got '%s'",
            image, name);
      }
      return new Preparation(NONE, Preprocess.of("raw"), image, false, "");
    }
    String chosen = name == null ? otherwise : name;
    String assumed = name == null ? why : "";
    Preparation made = new Preparation(chosen, Preprocess.of(chosen), image, true, assumed);
    made.levels(); // refuses means of more channels than there are, before a picture is read
    return made;
  }

  /** Whether a file holds what the network reads. */
  public static boolean isInput(Path file) {
    return file.toString().endsWith(".npy");
  }

  /** The preset's name, the file, or none. */
  public String name() {
    return name;
  }

  /** Why it is this preset where none was given; "" where one was, or inputs are as they are. */
  public String assumed() {
    return assumed;
  }

  /** [c,h,w]. */
  public Shape shape() {
    return shape;
  }

  /** A class of an image that is prepared so. */
  public Subject subject(float[] pixels, int target) {
    return new Subject(shape, pixels, target, levels());
  }

  public Preprocess preprocess() {
    return preprocess;
  }

  /** A picture file; a .npy file holds what the network reads, [c,h,w] or [1,c,h,w]. */
  public Picture read(Path file) {
    return isInput(file) ? enlarged(pixels(file)) : of(file, Image.read(file));
  }

  /** What the network reads of a file, without the picture for people, which takes longer. */
  public float[] pixels(Path file) {
    if (isInput(file)) {
      return prepared(file, Npy.readFinite(file));
    }
    Image image = Image.read(file);
    return CandelaException.at(file.toString(), () -> pixels(image));
  }

  private float[] pixels(Image image) {
    return preprocess.apply(image, shape.dim(0), shape.dim(1), shape.dim(2));
  }

  private float[] prepared(Path file, Npy npy) {
    if (!npy.isOne(shape.dims())) {
      throw CandelaException.of(
          "%s: one input of the network expected, channels first: %s, got %s",
          file, shape, Arrays.toString(npy.shape()));
    }
    return npy.values();
  }

  private Picture enlarged(float[] pixels) {
    Image view = image(pixels);
    int times = times();
    Image larger = Resize.of(view, view.width() * times, view.height() * times, Filter.BICUBIC);
    return new Picture(pixels, larger);
  }

  private int times() {
    return Math.max(1, Math.ceilDiv(SHOWN, Math.max(shape.dim(1), shape.dim(2))));
  }

  /**
   * @param file whose picture it is, for messages
   */
  public Picture of(Path file, Image image) {
    return CandelaException.at(file.toString(), () -> of(image));
  }

  public Picture of(Image image) {
    int h = shape.dim(1);
    int w = shape.dim(2);
    int times = times();
    return new Picture(pixels(image), preprocess.view(image, h * times, w * times));
  }

  /** None where inputs are given as they are, and nothing tells black and white. */
  public Levels levels() {
    if (!levelled) {
      return Levels.NONE;
    }
    List<Float> black = new ArrayList<>();
    List<Float> white = new ArrayList<>();
    for (int c = 0; c < shape.dim(0); c++) {
      black.add(preprocess.value(shape.dim(0), c, 0));
      white.add(preprocess.value(shape.dim(0), c, 255));
    }
    return new Levels(black, white, preprocess.order() == Preprocess.Order.BGR);
  }

  /**
   * An input for people, as large as it is: what lies beyond black or white is cut off. Where these
   * are not known the mean of the channels, from the least to the most.
   *
   * @param pixels [c,h,w]
   */
  public Image image(float[] pixels) {
    if (!levelled) {
      return mean(pixels);
    }
    int c = shape.dim(0);
    int n = shape.count(1, 3);
    Levels levels = levels();
    byte[] rgb = new byte[3 * n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < 3; k++) {
        int from = c == 1 ? 0 : levels.blueFirst() ? 2 - k : k;
        rgb[3 * i + k] = (byte) level(levels, from, pixels[from * n + i]);
      }
    }
    return new Image(shape.dim(2), shape.dim(1), rgb);
  }

  private Image mean(float[] pixels) {
    int n = shape.count(1, 3);
    double[] sum = new double[n];
    for (int i = 0; i < pixels.length; i++) {
      sum[i % n] += pixels[i];
    }
    double least = Arrays.stream(sum).min().getAsDouble();
    double range = Arrays.stream(sum).max().getAsDouble() - least;
    byte[] rgb = new byte[3 * n];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) Math.rint(range > 0 ? 255 * (sum[i / 3] - least) / range : 127);
    }
    return new Image(shape.dim(2), shape.dim(1), rgb);
  }

  /** An input whose values are rounded to the 256 levels that {@link #image} has, [c,h,w]. */
  public float[] rounded(float[] pixels) {
    int n = shape.count(1, 3);
    Levels levels = levels();
    float[] rounded = new float[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      int level = level(levels, i / n, pixels[i]);
      rounded[i] = preprocess.value(shape.dim(0), i / n, level);
    }
    return rounded;
  }

  private static int level(Levels levels, int channel, float value) {
    double black = levels.black().get(channel);
    double part = (value - black) / (levels.white().get(channel) - black);
    return (int) Math.rint(255 * Math.clamp(part, 0.0, 1.0));
  }

  /** Name and all values. */
  public Map<String, Object> provenance() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("name", name);
    values.put("input", shape);
    values.put("fit", preprocess.fit());
    values.put("crop", preprocess.crop());
    values.put("filter", preprocess.filter());
    values.put("order", preprocess.order());
    values.put("divisor", preprocess.divisor());
    values.put("mean", preprocess.mean());
    values.put("std", preprocess.std());
    return values;
  }
}
