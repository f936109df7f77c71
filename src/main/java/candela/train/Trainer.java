package candela.train;

import candela.device.Device;
import candela.device.Philox;
import candela.image.WholeFile;
import candela.onnx.ModelWriter;
import candela.onnx.OnnxModel;
import candela.onnx.Widen;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Runs a recipe: epochs of shuffled, augmented batches, a checkpoint now and then, the accuracy at
 * the end of every epoch, the model at the end of all.
 *
 * <p>Which picture comes when, and how it is changed, is a function of seed, epoch and picture: a
 * run that was killed goes on from its checkpoint to the same bits. For one thread.
 */
public final class Trainer implements AutoCloseable {
  /** Streams of random numbers that must not meet: of orders, changes, noise and attacks. */
  private static final long ORDER = 1L << 60;

  private static final long CHANGES = 2L << 60;
  private static final long PERTURBATION = 3L << 60;

  private final Recipe recipe;
  private final Dataset train;
  private final Dataset test;
  private final Learner learner;
  private final Path checkpoint;
  private final boolean resumed;
  private final double between;
  private final String run;
  private int epoch;
  private int batch;
  private Learner.Tally tally = Learner.Tally.NONE;
  private double seconds;

  /** Told how far a run is. */
  public interface Listener {
    /** Asked before each step; where it does not, the checkpoint is written. */
    default boolean goesOn() {
      return true;
    }

    /**
     * After a step.
     *
     * @param rate pictures a second since this process began
     * @param left seconds that the rest will take
     */
    void step(int epoch, int batch, int batches, Learner.Tally soFar, double rate, double left);

    /**
     * After an epoch.
     *
     * @param tested tests when it is asked: who reads no accuracy pays for none
     */
    void epoch(int epoch, Learner.Tally trained, Supplier<Learner.Tally> tested);
  }

  /**
   * Opens the learner, and the checkpoint where there is one.
   *
   * @param checkpoint its file, null for none
   * @param between seconds from one checkpoint to the next
   */
  public Trainer(Recipe recipe, Dataset[] data, Device device, Path checkpoint, double between) {
    this.recipe = recipe;
    this.train = data[0];
    this.test = data[1];
    this.checkpoint = checkpoint;
    this.between = between;
    if (train.size() < recipe.batch()) {
      throw CandelaException.of(
          "%s: batch: at most %d expected, the pictures there are; got %d",
          recipe.name(), train.size(), recipe.batch());
    }
    OnnxModel start = recipe.start() == null ? null : OnnxModel.read(recipe.start());
    learner =
        new Learner(
            start == null ? fresh() : Widen.of(start),
            device,
            recipe.batch(),
            recipe.optimiser(),
            recipe.smoothing());
    try {
      checkFit();
      run = checkpoint == null ? null : run(start);
      resumed = checkpoint != null && Files.exists(checkpoint);
      if (resumed) {
        Checkpoint c = Checkpoint.read(checkpoint, run);
        learner.restore(c.arrays(), c.steps());
        epoch = c.epoch();
        batch = c.batch();
        tally = c.tally();
        seconds = c.seconds();
      }
    } catch (RuntimeException | Error e) {
      learner.close();
      throw e;
    }
  }

  private OnnxModel fresh() {
    return Architectures.of(
        recipe.architecture(), train.image(), train.classes().size(), recipe.seed());
  }

  /**
   * What a checkpoint is of: the recipe, its data and, where there is one, the model it starts
   * from.
   */
  private String run(OnnxModel start) {
    String of = recipe.text() + "\n" + train.sha256();
    return start == null ? of : of + "\n" + start.sha256();
  }

  private void checkFit() {
    if (!learner.image().equals(train.image()) || learner.classes() != train.classes().size()) {
      throw CandelaException.of(
          "%s: data of images %s in %d classes expected, as the model is made for; it has %s in %d",
          recipe.name(), learner.image(), learner.classes(), train.image(), train.classes().size());
    }
  }

  /** Whether a checkpoint was found: its epoch and batch go on. */
  public boolean resumed() {
    return resumed;
  }

  public Learner learner() {
    return learner;
  }

  /** Seconds of work, those before a kill included. */
  public double seconds() {
    return seconds;
  }

  private int batches() {
    return train.size() / recipe.batch();
  }

  /**
   * Trains for at most so many seconds, a step at least: who calls it often gets to the end. Or as
   * long as the listener goes on.
   *
   * @return whether all epochs are done; if not, the checkpoint was written
   */
  public boolean run(double limit, Listener listener) {
    long start = System.nanoTime();
    double before = seconds;
    double saved = 0;
    long pictures = 0;
    while (epoch < recipe.epochs()) {
      int[] order = new Philox(recipe.seed() + ORDER, epoch).permutation(train.size());
      for (; batch < batches(); batch++) {
        double now = (System.nanoTime() - start) / 1e9;
        seconds = before + now;
        boolean over = !listener.goesOn() || (now > limit && pictures > 0);
        if (over || (checkpoint != null && now - saved > between)) {
          saved = now;
          save();
          if (over) {
            return false;
          }
        }
        tally = tally.plus(step(order));
        pictures += recipe.batch();
        double rate = pictures / Math.max(1e-9, (System.nanoTime() - start) / 1e9);
        long left = (recipe.epochs() - epoch) * (long) batches() - batch - 1;
        listener.step(epoch, batch + 1, batches(), tally, rate, left * recipe.batch() / rate);
      }
      seconds = before + (System.nanoTime() - start) / 1e9;
      save(); // a test may take longer than whoever interrupts waits
      listener.epoch(epoch, tally, () -> test(null));
      epoch++;
      batch = 0;
      tally = Learner.Tally.NONE;
    }
    seconds = before + (System.nanoTime() - start) / 1e9;
    save();
    return true;
  }

  private void save() {
    if (checkpoint != null) {
      new Checkpoint(run, epoch, batch, learner.steps(), tally, seconds, learner.state())
          .write(checkpoint);
    }
  }

  private Learner.Tally step(int[] order) {
    int n = recipe.batch();
    int size = train.image().count();
    float[] images = new float[n * size];
    long[] labels = new long[n];
    long first = (long) epoch * train.size();
    IntStream.range(0, n)
        .parallel()
        .forEach(
            r -> {
              int i = order[batch * n + r];
              labels[r] = train.labels()[i];
              Philox random = new Philox(recipe.seed() + CHANGES, first + i);
              fill(train, i, recipe.augment(), random, images, r * size);
            });
    double done = epoch + (double) batch / batches();
    double rate = recipe.optimiser().rate() * recipe.schedule().factor(done, recipe.epochs());
    long seed = recipe.seed() + PERTURBATION;
    long at = first + (long) batch * n;
    if (recipe.attack() != null) {
      return learner.stepOnAttack(images, labels, rate, recipe.attack(), seed, at);
    }
    return recipe.noise() > 0
        ? learner.stepOnNoise(images, labels, rate, recipe.noise(), seed, at)
        : learner.step(images, labels, rate);
  }

  private static void fill(
      Dataset data, int i, Augmentation augment, Philox random, float[] to, int offset) {
    Shape s = data.image();
    augment.apply(data.pixels().get(i), s.dim(0), s.dim(1), s.dim(2), random, to, offset);
  }

  /**
   * Accuracy on the test pictures, as they are or attacked.
   *
   * @param attack null for none
   */
  public Learner.Tally test(Pgd attack) {
    return Testing.of(learner, test, attack, 0, recipe.seed(), test.size());
  }

  /** Accuracy on the test pictures with Gaussian noise on them. */
  public Learner.Tally testOnNoise(double sigma) {
    return Testing.of(learner, test, null, sigma, recipe.seed(), test.size());
  }

  /** Writes the model as ONNX; the file is there in whole or not at all. */
  public void export(Path file, Map<String, String> about) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("classes", Dataset.line(train.classes()));
    metadata.put("preprocess", Dataset.PREPROCESS);
    metadata.put("recipe", recipe.text());
    metadata.putAll(about);
    byte[] bytes = ModelWriter.bytes(learner.model(), metadata, recipe.half());
    WholeFile.write(file, part -> Files.write(part, bytes));
  }

  public List<String> classes() {
    return train.classes();
  }

  @Override
  public void close() {
    learner.close();
  }
}
