package candela.train;

import candela.config.Spec;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The synthetic set: textured scenes of which it is known what decides the class. Picture i is a
 * function of the settings and i.
 *
 * @param count pictures for training
 * @param test pictures for tests, those after the training ones
 * @param size height and width
 * @param colour share of the pictures whose object has a hue of its class: a shortcut
 * @param background share whose background has a pattern and hue of its class: a shortcut
 * @param clutter strokes behind the object
 * @param distractors small objects of no class
 * @param artefact damage that is planted
 * @param decides what the class is: the object's shape (the artefact is then in a random half), or
 *     whether the artefact is there
 */
public record Scenes(
    int count,
    int test,
    int size,
    long seed,
    double colour,
    double background,
    int clutter,
    int distractors,
    Artefact artefact,
    Decides decides) {
  /** What the class of a picture tells. */
  enum Decides {
    SHAPE,
    ARTEFACT
  }

  public Scenes {
    if (decides == Decides.ARTEFACT && artefact == Artefact.NONE) {
      throw CandelaException.of("synthetic: decides=artefact needs an artefact other than none");
    }
  }

  /** Of {@code synthetic:count=8000,test=1000,size=64,seed=1,colour=0,background=0,…}. */
  public static Scenes parse(String text) {
    Spec spec = Spec.parse(text);
    if (!spec.name().equals("synthetic")) {
      throw CandelaException.of("synthetic:… expected, got '%s'", text);
    }
    Scenes scenes = of(spec);
    spec.finish();
    return scenes;
  }

  static Scenes of(Spec spec) {
    List<String> artefacts = Arrays.stream(Artefact.values()).map(Artefact::word).toList();
    String artefact = spec.choice("artefact", "none", artefacts);
    return new Scenes(
        spec.integer("count", 8000, 2, 10_000_000),
        spec.integer("test", 1000, 2, 10_000_000),
        spec.integer("size", 64, 16, 1024),
        spec.integer("seed", 1),
        spec.number("colour", 0, 0, 1),
        spec.number("background", 0, 0, 1),
        spec.integer("clutter", 6, 0, 100),
        spec.integer("distractors", 3, 0, 20),
        Artefact.values()[artefacts.indexOf(artefact)],
        spec.choice("decides", "shape", List.of("shape", "artefact")).equals("shape")
            ? Decides.SHAPE
            : Decides.ARTEFACT);
  }

  static Dataset[] read(Spec spec) {
    Scenes scenes = of(spec);
    return new Dataset[] {
      scenes.set(0, scenes.count), scenes.set(scenes.count, scenes.count + scenes.test)
    };
  }

  /** Reads as a recipe writes it. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "synthetic:count=%d,test=%d,size=%d,seed=%d,colour=%s,background=%s,clutter=%d,"
            + "distractors=%d,artefact=%s,decides=%s",
        count,
        test,
        size,
        seed,
        colour,
        background,
        clutter,
        distractors,
        artefact.word(),
        decides.name().toLowerCase(Locale.ROOT));
  }

  /** Names of the classes, by label. */
  public List<String> classes() {
    return decides == Decides.SHAPE ? Outline.names() : List.of("plain", artefact.word());
  }

  /** The pictures from first (inclusive) to last (exclusive). */
  public Dataset set(int first, int last) {
    List<Scene> scenes = IntStream.range(first, last).parallel().mapToObj(i -> scene(i)).toList();
    List<byte[]> pixels = new ArrayList<>();
    scenes.forEach(s -> pixels.add(s.levels()));
    int[] labels = scenes.stream().mapToInt(Scene::label).toArray();
    return new Dataset(Shape.of(3, size, size), pixels, labels, classes());
  }

  public Scene scene(int i) {
    return new Painter(this, i).paint();
  }
}
