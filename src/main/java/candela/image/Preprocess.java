package candela.image;

import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How a picture becomes a model's input, of whatever size the model takes.
 *
 * <p><i>Definition</i>: fit to the model's height and width, put channels in order, then {@code x =
 * (level / divisor - mean) / std} in float32, as torchvision does it. A model of one channel gets
 * grey, {@code 0.299 R + 0.587 G + 0.114 B} rounded to 8 bits as PIL does it.
 *
 * <p><i>Source</i>: the model's authors; each preset says whose.
 *
 * @param fit how any shape becomes the model's
 * @param crop part of the side that the model sees, above 0, at most 1; 0.875 is 224 of 256
 * @param filter of the resizing
 * @param order of the channels
 * @param divisor of the levels 0 … 255
 * @param mean subtracted; one value, or one a channel in the model's order
 * @param std divided by, likewise
 */
public record Preprocess(
    Fit fit,
    double crop,
    Filter filter,
    Order order,
    float divisor,
    List<Float> mean,
    List<Float> std) {
  private static final List<Float> IMAGENET_MEAN = List.of(0.485f, 0.456f, 0.406f);
  private static final List<Float> IMAGENET_STD = List.of(0.229f, 0.224f, 0.225f);
  private static final List<Float> ZERO = List.of(0f);
  private static final List<Float> HALF = List.of(0.5f);
  private static final List<Float> ONE = List.of(1f);

  /** Order of colours in a model's channels. */
  public enum Order {
    RGB,
    BGR
  }

  public Preprocess {
    if (!(crop > 0 && crop <= 1)) {
      throw CandelaException.of("crop: above 0 and at most 1 expected, got %s", crop);
    }
    if (!Float.isFinite(divisor) || divisor == 0) {
      throw CandelaException.of("divisor: a finite number other than 0 expected, got %s", divisor);
    }
    mean = perChannel("mean", mean);
    std = perChannel("std", std);
    if (std.contains(0f)) {
      throw CandelaException.of("std: numbers other than 0 expected, got %s", std);
    }
    for (int c = 0; c < 3; c++) {
      float m = mean.get(Math.min(c, mean.size() - 1));
      float s = std.get(Math.min(c, std.size() - 1));
      if (!Float.isFinite(m / s) || !Float.isFinite((255 / divisor - m) / s)) {
        throw CandelaException.of(
            "std: input values within float32 expected, (255 / %s - %s) / %s is not",
            divisor, m, s);
      }
    }
  }

  private static List<Float> perChannel(String name, List<Float> values) {
    if ((values.size() != 1 && values.size() != 3) || !values.stream().allMatch(Float::isFinite)) {
      throw CandelaException.of("%s: one or three finite numbers expected, got %s", name, values);
    }
    return List.copyOf(values);
  }

  /** Those known by name, in alphabetical order. */
  public static Map<String, Preprocess> presets() {
    var all = new LinkedHashMap<String, Preprocess>();
    // Caffe's models (SqueezeNet, GoogLeNet, VGG): means of ImageNet's blue, green, red.
    all.put("caffe-bgr", caffe(104, 117, 123));
    // akamaster/pytorch_resnet_cifar10: no crop.
    all.put("cifar10", scaled(Fit.EXACT, 1, IMAGENET_MEAN, IMAGENET_STD));
    // torchvision: short side 256, crop 224.
    all.put("imagenet", scaled(Fit.SHORT_SIDE, 0.875, IMAGENET_MEAN, IMAGENET_STD));
    // Digits, white on black, 0 … 1.
    all.put("mnist", scaled(Fit.EXACT, 1, ZERO, ONE));
    // google-coral/test_data: (x - 128) / 128.
    all.put("mobilenet-tf", levels(Fit.CENTRE, 0.875, 128, 128));
    // Levels as they are, as mlcommons/tiny wants them.
    all.put("raw", levels(Fit.EXACT, 1, 0, 1));
    // Bansal et al. 2020: 256 x 256 whatever the shape, crop 224.
    all.put("sam", scaled(Fit.EXACT, 0.875, IMAGENET_MEAN, IMAGENET_STD));
    // The values of TensorFlow's slim; it crops 87.5 % of both sides, and squashes what is left.
    all.put("tf-inception", levels(Fit.CENTRE, 0.875, 127.5f, 127.5f));
    // timm's inception and vit weights: mean and std 0.5, crop 0.875.
    all.put("timm-half", scaled(Fit.SHORT_SIDE, 0.875, HALF, HALF));
    // 0 … 1, no crop.
    all.put("unit", scaled(Fit.EXACT, 1, ZERO, ONE));
    return all;
  }

  private static Preprocess scaled(Fit fit, double crop, List<Float> mean, List<Float> std) {
    return new Preprocess(fit, crop, Filter.BILINEAR, Order.RGB, 255, mean, std);
  }

  private static Preprocess levels(Fit fit, double crop, float mean, float std) {
    return new Preprocess(fit, crop, Filter.BILINEAR, Order.RGB, 1, List.of(mean), List.of(std));
  }

  private static Preprocess caffe(float blue, float green, float red) {
    return new Preprocess(
        Fit.SHORT_SIDE, 0.875, Filter.BILINEAR, Order.BGR, 1, List.of(blue, green, red), ONE);
  }

  /** In a line: fit, part seen, order of the channels, arithmetic. */
  public String words() {
    String arithmetic =
        "x"
            + (divisor == 1 ? "" : " / " + number(divisor))
            + (mean.equals(ZERO) ? "" : " - " + list(mean));
    boolean divided = !std.equals(ONE);
    return String.join(
        ", ",
        fit.name().toLowerCase(Locale.ROOT).replace('_', ' '),
        crop == 1 ? "no crop" : "crop " + crop,
        order.toString(),
        divided ? "(" + arithmetic + ") / " + list(std) : arithmetic);
  }

  private static String list(List<Float> values) {
    String all = values.stream().map(Preprocess::number).collect(Collectors.joining(" "));
    return values.size() == 1 ? all : "[" + all + "]";
  }

  private static String number(float v) {
    return v == Math.rint(v) ? Integer.toString((int) v) : Float.toString(v);
  }

  /** A preset's name, or a file as {@link PreprocessFile} describes it. */
  public static Preprocess of(String nameOrFile) {
    Preprocess preset = presets().get(nameOrFile);
    if (preset != null) {
      return preset;
    }
    if (!Files.exists(Path.of(nameOrFile))) {
      throw CandelaException.of(
          "--preprocess: one of %s, or a YAML file that exists, expected, got '%s'",
          presets().keySet().stream().collect(Collectors.joining(", ")), nameOrFile);
    }
    return PreprocessFile.read(Path.of(nameOrFile));
  }

  /** image as the input [channels,height,width] of a model; channels is 1 or 3. */
  public float[] apply(Image image, int channels, int height, int width) {
    if (channels != 1 && channels != 3) {
      throw CandelaException.of(
          "preprocess: a model of 1 or 3 channels expected for pictures, it has %d; give what it"
              + " reads as a .npy file",
          channels);
    }
    Image view = view(image, height, width);
    int pixels = height * width;
    float[] values = new float[channels * pixels];
    for (int c = 0; c < channels; c++) {
      for (int i = 0; i < pixels; i++) {
        values[c * pixels + i] = value(channels, c, level(view, channels, c, i));
      }
    }
    return values;
  }

  /** What the model sees of the picture, as a picture; a larger size shows the same part finer. */
  public Image view(Image image, int height, int width) {
    return fit.apply(image, crop, filter, width, height);
  }

  /** The input value of a level 0 … 255 in a channel; black is 0, white 255. */
  public float value(int channels, int channel, int level) {
    return (level / divisor - at("mean", mean, channels, channel))
        / at("std", std, channels, channel);
  }

  private int level(Image view, int channels, int channel, int pixel) {
    return channels == 1
        ? view.grey(pixel)
        : view.rgb()[3 * pixel + (order == Order.RGB ? channel : 2 - channel)] & 255;
  }

  private static float at(String name, List<Float> values, int channels, int channel) {
    if (values.size() > 1 && values.size() != channels) {
      throw CandelaException.of(
          "preprocess: the model has %s, %s has three values %s; give one value, or take the preset"
              + " mnist, raw or unit",
          channels == 1 ? "one channel" : channels + " channels", name, values);
    }
    return values.get(values.size() == 1 ? 0 : channel);
  }
}
