package candela.study;

import candela.config.Spec;
import candela.device.Philox;
import candela.image.Filter;
import candela.image.Image;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.Resize;
import candela.metric.Truth;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Pictures of four photos, two of one class and two of others, each in a quarter drawn at random.
 * The share of a map's positive relevance that lies on the two of its class, which {@code
 * relevance-mass} finds by their boxes, is the Focus of Arias-Duart, Parés, Garcia-Gasulla and
 * Giménez-Ábalos 2022, "Focus! Rating XAI methods and finding biases".
 *
 * <p>Mosaic i is a function of photos, classes, settings and i.
 */
public final class Mosaics {
  /** What {@link #of} reads, with its defaults. */
  public static final String SETTINGS = "count=100 tile=224 seed=1";

  private final int count;
  private final int tile;
  private final int seed;
  private final List<Path> photos;
  private final int[] labels;

  /** Of each class with two photos or more, these by number. */
  private final List<int[]> pairs;

  private Mosaics(int count, int tile, int seed, List<Path> photos, int[] labels) {
    this.count = count;
    this.tile = tile;
    this.seed = seed;
    this.photos = photos;
    this.labels = labels;
    var byClass = new TreeMap<Integer, List<Integer>>();
    for (int i = 0; i < labels.length; i++) {
      byClass.computeIfAbsent(labels[i], l -> new ArrayList<>()).add(i);
    }
    pairs =
        byClass.values().stream()
            .filter(of -> of.size() >= 2 && of.size() + 2 <= labels.length)
            .map(of -> of.stream().mapToInt(i -> i).toArray())
            .toList();
  }

  /**
   * One of them.
   *
   * @param label its class
   * @param boxes of the two quarters that show it
   */
  public record Mosaic(Image picture, int label, List<Truth.Box> boxes) {}

  /**
   * @param settings {@code count} mosaics of four squares of {@code tile} pixels, drawn by {@code
   *     seed}
   * @param photos files and folders
   * @param classes table with columns file and class
   * @param names of the classes, where the table has them; null where it has numbers
   * @throws CandelaException where no class has two photos that stand beside two of others, or a
   *     photo's class is not in the table
   */
  public static Mosaics of(Spec settings, List<Path> photos, Path classes, Path names) {
    int count = settings.integer("count", 100, 1, 10_000_000);
    int tile = settings.integer("tile", 224, 4, 4096);
    int seed = settings.integer("seed", 1);
    settings.finish();
    var known = new Annotations();
    known.read(classes, Labels.read(names).names());
    List<Path> files = Inputs.of(photos).stream().map(Inputs.Input::file).toList();
    for (Path f : files) {
      if (known.target(f) < 0) {
        throw CandelaException.of(
            "%s: the class of every photo expected, %s is not in it; add it", classes, f);
      }
    }
    int[] labels = files.stream().mapToInt(known::target).toArray();
    Mosaics mosaics = new Mosaics(count, tile, seed, files, labels);
    if (mosaics.pairs.isEmpty()) {
      throw CandelaException.of(
          "mosaics: two photos of one class and two of others expected, got %d photos of %d"
              + " classes; name more",
          labels.length, IntStream.of(labels).distinct().count());
    }
    return mosaics;
  }

  public int count() {
    return count;
  }

  /** How many classes mosaics are of. */
  public int classes() {
    return pairs.size();
  }

  /**
   * @param i from 0
   * @throws CandelaException when a photo cannot be read
   */
  public Mosaic mosaic(int i) {
    Philox random = new Philox(seed, i);
    int[] same = pairs.get(random.below(pairs.size()));
    int label = labels[same[0]];
    int[] others = IntStream.range(0, labels.length).filter(p -> labels[p] != label).toArray();
    int[] of = new int[4];
    draw(random, same, of, 0);
    draw(random, others, of, 2);
    int[] quarters = random.permutation(4);
    byte[] rgb = new byte[3 * 4 * tile * tile];
    List<Truth.Box> boxes = new ArrayList<>();
    for (int k = 0; k < 4; k++) {
      int x = quarters[k] % 2 * tile;
      int y = quarters[k] / 2 * tile;
      copy(square(photos.get(of[k])).levels(), rgb, x, y);
      if (k < 2) {
        boxes.add(new Truth.Box(x, y, x + tile, y + tile));
      }
    }
    return new Mosaic(new Image(2 * tile, 2 * tile, rgb), label, boxes);
  }

  /** Two different ones. */
  private static void draw(Philox random, int[] from, int[] to, int at) {
    int first = random.below(from.length);
    int second = random.below(from.length - 1);
    to[at] = from[first];
    to[at + 1] = from[second < first ? second : second + 1];
  }

  /** The largest square at the middle. */
  private Image square(Path photo) {
    Image image = Image.read(photo);
    int side = Math.min(image.width(), image.height());
    Image middle = image.crop((image.width() - side) / 2, (image.height() - side) / 2, side, side);
    return Resize.of(middle, tile, tile, Filter.BILINEAR);
  }

  private void copy(byte[] square, byte[] rgb, int x, int y) {
    int row = 3 * tile;
    for (int j = 0; j < tile; j++) {
      System.arraycopy(square, j * row, rgb, 3 * ((y + j) * 2 * tile + x), row);
    }
  }

  @Override
  public String toString() {
    return "mosaics:count=" + count + ",tile=" + tile + ",seed=" + seed;
  }
}
