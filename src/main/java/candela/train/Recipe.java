package candela.train;

import candela.config.Settings;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What is trained on what, and how: a YAML file of these keys.
 *
 * <pre>{@code
 * data: images:path=../data/cifar10.zip,size=32   # see Sources; paths from the recipe's folder
 * validation: 0.1        # share of the training data kept for tests where there is no test set
 * fraction: 1            # share of the training data that is used
 * shuffle-labels: false  # whether labels are dealt out at random
 * architecture: resnet8  # see Architectures
 * start: model.onnx      # instead of architecture: a model to go on from
 * seed: 1
 * epochs: 30
 * batch: 128
 * optimiser: sgd:rate=0.1,momentum=0.9,nesterov=true,decay=5e-4
 * schedule: cosine:warmup=1
 * smoothing: 0.1
 * augment: on:flip=true,crop=4,colour=0.2
 * noise: 0.1             # deviation of Gaussian noise on the pixels, 0 to 1
 * attack: pgd:ball=l2,epsilon=0.5,step=0.125,steps=7
 * measure: [pgd:…]       # attacks under which the accuracy is measured at the end
 * measure-noise: [0.1]   # deviations of Gaussian noise, likewise
 * half: true             # whether the model file has float16 weights
 * }</pre>
 *
 * @param text the file as it is
 * @param folder where its paths start
 */
public record Recipe(
    String name,
    String text,
    Path folder,
    String data,
    double validation,
    double fraction,
    boolean shuffleLabels,
    String architecture,
    Path start,
    long seed,
    int epochs,
    int batch,
    Optimiser optimiser,
    Schedule schedule,
    double smoothing,
    Augmentation augment,
    double noise,
    Pgd attack,
    List<Pgd> measure,
    List<Double> measureNoise,
    boolean half) {

  private static final double MOST_NOISE = 10;

  public static Recipe read(Path file) {
    return parse(file.toString(), WholeFile.text(file), file.toAbsolutePath().getParent());
  }

  /** Of YAML text; messages name the file. */
  public static Recipe parse(String file, String text, Path folder) {
    Settings s = Settings.parse(file, text);
    String name = Path.of(file).getFileName().toString().replaceFirst("\\.ya?ml$", "");
    boolean fresh = !s.has("start");
    Recipe recipe =
        new Recipe(
            name,
            text,
            folder,
            s.required("data"),
            s.number("validation", 0.1, 0.001, 0.9),
            s.number("fraction", 1, 1e-6, 1),
            s.bool("shuffle-labels", false),
            fresh ? s.read("architecture", s.required("architecture"), Architectures::known) : "",
            fresh ? null : folder.resolve(s.required("start")),
            s.whole("seed", 1, Long.MIN_VALUE, Long.MAX_VALUE),
            s.integer("epochs", 10, 1, 1_000_000),
            s.integer("batch", 128, 1, 65536),
            s.read("optimiser", s.text("optimiser", "sgd"), Optimiser::parse),
            s.read("schedule", s.text("schedule", "constant"), Schedule::parse),
            s.number("smoothing", 0, 0, 0.99),
            s.has("augment")
                ? s.read("augment", s.required("augment"), Augmentation::parse)
                : Augmentation.NONE,
            s.number("noise", 0, 0, MOST_NOISE),
            s.has("attack") ? s.read("attack", s.required("attack"), Pgd::parse) : null,
            s.list("measure").stream().map(v -> s.read("measure", v, Pgd::parse)).toList(),
            s.numbers("measure-noise", 0, MOST_NOISE),
            s.bool("half", false));
    if (!fresh && s.has("architecture")) {
      throw CandelaException.of("%s: either architecture or start expected, got both", file);
    }
    s.finish();
    if (!fresh) {
      s.read("start", recipe.start.toString(), Recipe::checkModel);
    }
    if (recipe.noise > 0 && recipe.attack != null) {
      throw CandelaException.of("%s: either noise or attack expected, got both", file);
    }
    return recipe;
  }

  /** Refused before all data are read. */
  private static Path checkModel(String file) {
    if (!Files.isRegularFile(Path.of(file))) {
      throw CandelaException.of("%s: a model file expected, there is none", file);
    }
    return Path.of(file);
  }

  /**
   * The same with another seed, to be run on data that were read already.
   *
   * @param what tells its checkpoints from others'
   */
  public Recipe again(long seed, String what) {
    return new Recipe(
        name,
        text + "\n# seed " + seed + ", " + what + "\n",
        folder,
        data,
        validation,
        fraction,
        shuffleLabels,
        architecture,
        start,
        seed,
        epochs,
        batch,
        optimiser,
        schedule,
        smoothing,
        augment,
        noise,
        attack,
        measure,
        measureNoise,
        half);
  }
}
