package candela.method;

import candela.config.Spec;
import candela.device.Kernels;
import candela.image.MeanColour;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The image that stands for "nothing there". As text: a kind, or FILE.npy.
 *
 * @param array of kind FILE: an input as the network takes it, [c,h,w] or [1,c,h,w]
 */
public record Baseline(Kind kind, GivenArray array) {
  /** What it is made of. */
  public enum Kind {
    /** 0 at the network's input: the mean colour of the training set in most preprocessings. */
    ZERO,
    /** The image's own mean colour. */
    MEAN,
    /** The image, smoothed by a Gaussian of 10 pixels. */
    BLUR,
    /** Uniform between black and white, by the method's seed. */
    RANDOM,
    WHITE,
    BLACK,
    /** An input of one's own. */
    FILE;

    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public static final Baseline ZERO = new Baseline(Kind.ZERO);
  public static final Baseline MEAN = new Baseline(Kind.MEAN);
  public static final Baseline BLUR = new Baseline(Kind.BLUR);
  public static final Baseline RANDOM = new Baseline(Kind.RANDOM);
  public static final Baseline WHITE = new Baseline(Kind.WHITE);
  public static final Baseline BLACK = new Baseline(Kind.BLACK);

  private static final double BLUR_SIGMA = 10;

  private Baseline(Kind kind) {
    this(kind, GivenArray.NONE);
  }

  /**
   * Reads a kind's word, or what {@link GivenArray} reads.
   *
   * @param folder where names of files start
   * @throws CandelaException when it is neither
   */
  static Baseline parse(String text, Path folder) {
    for (Kind k : Kind.values()) {
      if (k != Kind.FILE && k.word().equals(text)) {
        return new Baseline(k);
      }
    }
    if (Spec.parse(text).name().endsWith(".npy")) {
      return new Baseline(Kind.FILE, GivenArray.parse("baseline", text, folder));
    }
    throw CandelaException.of(
        "baseline: %s or a FILE.npy expected, got '%s'",
        Arrays.stream(Kind.values())
            .filter(k -> k != Kind.FILE)
            .map(Kind::word)
            .collect(Collectors.joining(", ")),
        text);
  }

  /** As {@link #parse} reads it. */
  String text() {
    return kind == Kind.FILE ? array.text() : kind.word();
  }

  /** The baseline of this subject, in its shape, on the device. */
  Tensor of(Subject subject, long seed, Workspace workspace) {
    return of(subject, seed, 0, workspace);
  }

  /**
   * The same.
   *
   * @param sample which of the seed's random ones
   */
  private Tensor of(Subject subject, long seed, long sample, Workspace workspace) {
    return switch (kind) {
      case ZERO -> workspace.tensor(subject.shape());
      case MEAN -> {
        Shape image = subject.image();
        float[] mean = MeanColour.of(subject.pixels(), image.dim(0), image.count(1, 3));
        yield workspace.tensor(subject.shape(), mean);
      }
      case BLUR -> blurred(subject, BLUR_SIGMA, workspace);
      case RANDOM -> random(subject, seed, sample, workspace);
      case WHITE, BLACK -> {
        Shape image = subject.image();
        Levels levels = subject.levels().forChannels(image.dim(0), kind.word());
        float[] level = new float[image.count()];
        int n = image.count(1, 3);
        for (int c = 0; c < image.dim(0); c++) {
          Float v = kind == Kind.WHITE ? levels.white().get(c) : levels.black().get(c);
          Arrays.fill(level, c * n, (c + 1) * n, v);
        }
        yield workspace.tensor(subject.shape(), level);
      }
      case FILE -> workspace.tensor(subject.shape(), array.image("baseline", subject.shape()));
    };
  }

  /**
   * The images of a background; where there is none the baseline, a random one as often as count,
   * of which another seed shares none.
   */
  List<float[]> all(
      GivenArray background, int count, long seed, Subject subject, Workspace workspace) {
    if (!background.isNone()) {
      return background.images("background", subject.shape());
    }
    List<float[]> all = new ArrayList<>();
    for (int i = 0; i < (kind == Kind.RANDOM ? count : 1); i++) {
      try (var own = new Workspace(workspace.device())) {
        all.add(workspace.device().read(of(subject, seed, (long) i << 32, own)));
      }
    }
    return all;
  }

  /** The subject, smoothed by a Gaussian of so many pixels, in its shape. */
  static Tensor blurred(Subject subject, double sigma, Workspace workspace) {
    Tensor y = workspace.tensor(subject.shape(), subject.pixels());
    blur(y.as(subject.image()), sigma, workspace);
    return y;
  }

  /** Smooths an image [c,h,w] where it lies. */
  static void blur(Tensor y, double sigma, Workspace workspace) {
    // no two pixels are further apart than the longer side
    double longest = Math.max(y.shape().dim(1), y.shape().dim(2));
    int radius = (int) Math.min(Math.ceil(3 * sigma), longest);
    float[] weight = new float[2 * radius + 1];
    for (int i = 0; i < weight.length; i++) {
      double d = (i - radius) / sigma;
      weight[i] = (float) Math.exp(-0.5 * d * d);
    }
    Shape image = y.shape();
    try (var own = new Workspace(workspace.device())) {
      own.device()
          .kernels()
          .blur()
          .blur(
              image.dim(0),
              image.dim(1),
              image.dim(2),
              radius,
              own.floats(weight),
              y.data(),
              own.tensor(image).data(),
              y.data());
    }
  }

  private static Tensor random(Subject subject, long seed, long sample, Workspace workspace) {
    Shape image = subject.image();
    Levels levels = subject.levels().forChannels(image.dim(0), "random");
    Tensor y = workspace.tensor(subject.shape());
    Kernels kernels = workspace.device().kernels();
    kernels
        .noise()
        .uniformNoise(1, y.count(), 0, 1, seed, workspace.longs(new long[] {sample}), y.data());
    float[] values = workspace.device().read(y);
    int n = image.count(1, 3);
    for (int i = 0; i < values.length; i++) {
      float black = levels.black().get(i / n);
      values[i] = black + values[i] * (levels.white().get(i / n) - black);
    }
    workspace.device().write(y, values);
    return y;
  }
}
