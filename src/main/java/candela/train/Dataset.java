package candela.train;

import candela.device.Philox;
import candela.image.Image;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Pictures of one size with their classes, in memory. Immutable; threads may share it.
 *
 * @param image [c,h,w], c being 1 or 3
 * @param pixels one array [h,w,c] of levels a picture; not to be written to
 * @param labels class of each picture
 * @param classes names
 */
public record Dataset(Shape image, List<byte[]> pixels, int[] labels, List<String> classes) {
  /**
   * The {@link candela.image.Preprocess} that makes of a picture's file what {@link #input} gives.
   */
  public static final String PREPROCESS = "unit";

  public Dataset {
    classes = List.copyOf(classes);
    if (pixels.size() != labels.length) {
      throw CandelaException.of("%d pictures, %d labels", pixels.size(), labels.length);
    }
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes.size()) {
        throw CandelaException.of(
            "labels 0 to %d expected, picture %d has %d", classes.size() - 1, i, labels[i]);
      }
    }
  }

  /** Names of classes as a model's file tells them, one line of comma-separated values. */
  public static String line(List<String> classes) {
    return candela.config.Csv.line(classes.toArray(String[]::new));
  }

  public int size() {
    return labels.length;
  }

  /** Refuses what nothing can be learnt from. */
  public Dataset checked(String where) {
    boolean[] seen = new boolean[classes.size()];
    for (int label : labels) {
      seen[label] = true;
    }
    int found = 0;
    for (boolean s : seen) {
      found += s ? 1 : 0;
    }
    if (found < 2) {
      throw CandelaException.of(
          "%s: pictures of two classes or more expected, found %s",
          where, found == 0 ? "no pictures" : "only '" + classes.get(labels[0]) + "'");
    }
    return this;
  }

  /** The pictures at these places. */
  public Dataset at(int... places) {
    int[] chosen = Arrays.stream(places).map(i -> labels[i]).toArray();
    return new Dataset(
        image, Arrays.stream(places).mapToObj(pixels::get).toList(), chosen, classes);
  }

  /**
   * Two parts, every class cut in the same proportion; which picture goes where is the seed's. The
   * first has a picture or more of each class that has any.
   */
  public Dataset[] split(double share, long seed) {
    int[] order = new Philox(seed, 0).permutation(size());
    int[] left = new int[classes.size()];
    for (int label : labels) {
      left[label]++;
    }
    for (int c = 0; c < left.length; c++) {
      left[c] = Math.max((int) Math.round(left[c] * share), Math.min(left[c], 1));
    }
    boolean[] first = new boolean[size()];
    for (int i : order) {
      first[i] = left[labels[i]]-- > 0;
    }
    return new Dataset[] {where(first, true), where(first, false)};
  }

  private Dataset where(boolean[] flags, boolean value) {
    return at(IntStream.range(0, size()).filter(i -> flags[i] == value).toArray());
  }

  /** A share of every class, one picture or more. */
  public Dataset fraction(double share, long seed) {
    return share == 1 ? this : split(share, seed)[0];
  }

  /** The same pictures, labels dealt out anew: each class keeps its size, nothing else. */
  public Dataset shuffledLabels(long seed) {
    int[] order = new Philox(seed, 1).permutation(size());
    int[] dealt = new int[size()];
    for (int i = 0; i < dealt.length; i++) {
      dealt[i] = labels[order[i]];
    }
    return new Dataset(image, pixels, dealt, classes);
  }

  /** Other pictures of the same classes. */
  public Dataset with(List<byte[]> others) {
    return new Dataset(image, others, labels, classes);
  }

  /** The same pictures, blue first. */
  public Dataset blueFirst() {
    return image.dim(0) == 3 ? with(pixels.stream().map(Dataset::blueFirst).toList()) : this;
  }

  private static byte[] blueFirst(byte[] rgb) {
    byte[] bgr = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      bgr[i] = rgb[i + 2 - 2 * (i % 3)];
    }
    return bgr;
  }

  /** Picture i as models read it: [c,h,w] of 0 to 1. */
  public float[] input(int i) {
    float[] values = new float[image.count()];
    input(i, values, 0);
    return values;
  }

  /** The same, from offset on. */
  void input(int i, float[] to, int offset) {
    Augmentation.NONE.apply(
        pixels.get(i), image.dim(0), image.dim(1), image.dim(2), new Philox(0, 0), to, offset);
  }

  /** SHA-256 of sizes, classes, labels and pixels, in hexadecimal. */
  public String sha256() {
    MessageDigest digest = WholeFile.sha256();
    digest.update((image + " " + classes).getBytes(StandardCharsets.UTF_8));
    digest.update(Arrays.toString(labels).getBytes(StandardCharsets.UTF_8));
    pixels.forEach(digest::update);
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Picture i for people. */
  public Image picture(int i) {
    int c = image.dim(0);
    byte[] from = pixels.get(i);
    byte[] rgb = new byte[3 * image.dim(1) * image.dim(2)];
    for (int k = 0; k < rgb.length; k++) {
      rgb[k] = c == 3 ? from[k] : from[k / 3];
    }
    return new Image(image.dim(2), image.dim(1), rgb);
  }
}
