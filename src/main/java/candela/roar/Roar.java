package candela.roar;

import candela.device.Device;
import candela.graph.Network;
import candela.image.Image;
import candela.method.Method;
import candela.method.Methods;
import candela.onnx.OnnxModel;
import candela.probe.Pipeline;
import candela.tensor.CandelaException;
import candela.train.Architectures;
import candela.train.Dataset;
import candela.train.Learner;
import candela.train.Recipe;
import candela.train.Trainer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Remove and retrain: does a model that never saw the pixels that a map calls important still learn
 * the classes? The more accuracy falls, the more of what can be learnt from was in them.
 *
 * <p><b>Definition:</b> for a method a, a fraction t and a model f, every picture x of the training
 * and the test set loses its round(t n) most important pixels under a(x, argmax f(x), f), in all
 * channels ({@link Removal}); a model of the same recipe is trained from random weights on the
 * changed training pictures, and its accuracy on the changed test pictures is the result. With keep
 * (KAR) all other pixels go instead.
 *
 * <p><b>Cost:</b> a training for each method, fraction and restart, one for the explained model
 * where none is given; each method's rows for every picture. Memory: the pictures, and a byte a
 * pixel of one method.
 *
 * <p><b>Source:</b> Hooker et al. 2019, "A benchmark for interpretability methods in deep neural
 * networks".
 *
 * <p><b>Differences:</b> the authors rank each channel's values by themselves, we rank pixels,
 * whose channels the method has made one; they explain a model of 90 epochs, we one of the recipe
 * or any that is given; means are rounded to the pictures' 256 levels. What is removed has a shape,
 * and a new model may learn the class from that alone: hold a method against sobel, whose shapes
 * tell much of the object, not only against random-map.
 *
 * <p>A run that was killed goes on: steps and trainings in progress lie in the folder. Runs of
 * other methods, fractions and restarts share it, and the results that they have in common. Owns
 * nothing. For one thread.
 */
public final class Roar {
  private final RoarSettings settings;
  private final Dataset[] data;
  private final Path model;
  private final WorkFolder folder;
  private final Device device;
  private final double between;
  private final Removal removal;
  private final Map<String, Object> configuration;
  private final String run;
  private long start;
  private double limit;
  private double saved;
  private Listener listener;

  /** Whether this run has come any further: one that is over time before that would never end. */
  private boolean moved;

  /** Told how far a run is. */
  public interface Listener {
    /** Asked before each step and group of pictures; where it does not, what is done is saved. */
    default boolean goesOn() {
      return true;
    }

    /** So many of all pictures have been explained. */
    void explained(String method, int pictures, int all);

    /** So many of all steps of a training have been done. */
    void step(Training training, long steps, long all);

    /** A training is done. */
    void result(Result result);
  }

  /**
   * Prepares a run; checks what can be checked without earlier results.
   *
   * @param candela its version
   * @param data training and test pictures of the recipe
   * @param model file of the explained model, null where the recipe is to make it
   * @param folder of what lies between a kill and the next start
   * @param between seconds from one checkpoint to the next
   */
  public Roar(
      String candela,
      RoarSettings settings,
      Dataset[] data,
      Path model,
      Path folder,
      Device device,
      double between) {
    this.settings = settings;
    this.data = data;
    this.model = model;
    this.folder = new WorkFolder(folder);
    this.device = device;
    this.between = between;
    settings.fractions().check(data[0].image().count(1, 3));
    removal = Removal.of(settings.fractions(), settings.keep(), data[0], settings.recipe().seed());
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("candela", candela);
    all.putAll(settings.configuration());
    all.put("data", data[0].sha256() + " " + data[1].sha256());
    all.put("model", model == null ? null : OnnxModel.read(model).sha256());
    all.put("device", device.describe());
    all.put("precision", String.valueOf(device.precision()));
    configuration = all;
    run = UUID.nameUUIDFromBytes(all.toString().getBytes(StandardCharsets.UTF_8)).toString();
    if (model != null) {
      ModelFile.checkTold(model, data[0].classes());
      try (var fit = ranker(Network.load(model), 1)) {
        fit.predicted(0, 1);
      }
    }
    new Trainer(settings.recipe(), data, device, null, between).close();
  }

  /** All that every result depends on: runs that have it in common share their folder. */
  public Map<String, Object> configuration() {
    return configuration;
  }

  /** File of the explained model; there once its result is. */
  public Path model() {
    return model == null ? folder.model() : model;
  }

  /** The trainings that are asked for, in order. */
  public List<Training> trainings() {
    List<Training> all = new ArrayList<>(List.of(Training.UNCHANGED));
    settings.methods().forEach(m -> all.addAll(settings.trainings(m)));
    return all;
  }

  private List<Training> left(Method method, Results results) {
    return settings.trainings(method).stream().filter(t -> !results.have(t)).toList();
  }

  /**
   * Refuses what would else fail after hours: a model file that is not this folder's, a method that
   * does not fit the model. Each method with something left to do explains a picture; where there
   * is no model yet, that of one with random weights.
   *
   * @param results of earlier runs
   */
  public void check(Results results) {
    checkOwn(results);
    List<Method> left =
        settings.methods().stream().filter(m -> !left(m, results).isEmpty()).toList();
    if (left.isEmpty()) {
      return;
    }
    Network network = results.model() == null && model == null ? untrained() : network(results);
    try (var ranker = ranker(network, 1)) {
      for (Method m : left) {
        fits(m, ranker);
      }
    }
  }

  private static void fits(Method method, Ranker ranker) {
    String name = Methods.name(method);
    try {
      ranker.maps(method, 0, 1);
    } catch (CandelaException e) {
      String said = e.getMessage();
      throw new CandelaException(said.startsWith(name + ":") ? said : name + ": " + said, e);
    }
  }

  private Network untrained() {
    Recipe recipe = settings.recipe();
    return Network.of(
        Architectures.of(
            recipe.architecture(), data[0].image(), data[0].classes().size(), recipe.seed()));
  }

  /** What will be written over must be this run's, too. */
  private void checkOwn(Results results) {
    if (model == null && results.model() == null) {
      ModelFile.checkOwn(folder.model(), run);
    }
  }

  /**
   * Runs what is not among the results, for at most so many seconds and what it takes to come to an
   * end: a group of pictures, or a step. One of these is always done. Or as long as the listener
   * goes on.
   *
   * @param results of earlier runs, of whichever methods, fractions and restarts; new ones are
   *     added
   * @return whether all is done
   */
  public boolean run(Results results, double limit, Listener listener) {
    start = System.nanoTime();
    saved = 0;
    this.limit = limit;
    this.listener = listener;
    moved = false;
    // A kill may have come between a result and the end of what led to it.
    results.all().forEach(r -> WorkFolder.delete(folder.checkpoint(r.training())));
    if (!results.have(Training.UNCHANGED) && !unchanged(results, listener)) {
      return false;
    }
    for (Method m : settings.methods()) {
      if (!retrained(m, results, listener)) {
        return false;
      }
      WorkFolder.delete(folder.steps(RoarSettings.key(m)));
    }
    return true;
  }

  private boolean over() {
    return !listener.goesOn() || (moved && seconds() > limit);
  }

  private double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  private boolean unchanged(Results results, Listener listener) {
    checkOwn(results);
    double seconds = 0;
    Path checkpoint = folder.checkpoint(Training.UNCHANGED);
    if (model == null) {
      Recipe recipe = settings.recipe().again(settings.recipe().seed(), run);
      try (Trainer trainer = new Trainer(recipe, data, device, checkpoint, between)) {
        if (!train(trainer, Training.UNCHANGED, listener)) {
          return false;
        }
        trainer.export(model(), Map.of(ModelFile.RUN, run));
        seconds = trainer.seconds();
      }
    }
    Network network = ModelFile.load(model(), (String) configuration.get("model"));
    try (var ranker = ranker(network, Pipeline.CHOSEN)) {
      double accuracy = ranker.accuracy();
      String sha256 = network.model().sha256();
      add(new Result(Training.UNCHANGED, accuracy, seconds, sha256), results, listener);
    }
    WorkFolder.delete(checkpoint);
    return true;
  }

  private boolean retrained(Method method, Results results, Listener listener) {
    List<Training> left = left(method, results);
    List<byte[]> steps = left.isEmpty() ? List.of() : steps(method, results, listener);
    for (Training t : left) {
      if (steps == null || over() || !retrained(t, steps, results, listener)) {
        return false;
      }
    }
    return true;
  }

  private boolean retrained(
      Training training, List<byte[]> steps, Results results, Listener listener) {
    int fraction = settings.fractions().values().indexOf(training.fraction());
    int n = data[0].size();
    Dataset[] changed = {
      removal.apply(data[0], steps.subList(0, n), fraction),
      removal.apply(data[1], steps.subList(n, steps.size()), fraction)
    };
    Recipe recipe = settings.recipe();
    recipe = recipe.again(recipe.seed() + training.restart(), training + " " + run);
    Path checkpoint = folder.checkpoint(training);
    try (Trainer trainer = new Trainer(recipe, changed, device, checkpoint, between)) {
      if (!train(trainer, training, listener)) {
        return false;
      }
      double accuracy = trainer.test(null).accuracy();
      add(new Result(training, accuracy, trainer.seconds(), null), results, listener);
    }
    WorkFolder.delete(checkpoint);
    return true;
  }

  private void add(Result result, Results results, Listener listener) {
    moved = true;
    results.add(result);
    listener.result(result);
  }

  private boolean train(Trainer trainer, Training training, Listener listener) {
    int epochs = settings.recipe().epochs();
    return trainer.run(
        Math.max(0, limit - seconds()),
        new Trainer.Listener() {
          @Override
          public boolean goesOn() {
            return listener.goesOn();
          }

          @Override
          public void step(
              int epoch, int batch, int batches, Learner.Tally soFar, double rate, double left) {
            moved = true;
            listener.step(training, (long) epoch * batches + batch, (long) epochs * batches);
          }

          @Override
          public void epoch(int epoch, Learner.Tally trained, Supplier<Learner.Tally> tested) {}
        });
  }

  /** Of all pictures; null where time is up. */
  private List<byte[]> steps(Method method, Results results, Listener listener) {
    int all = data[0].size() + data[1].size();
    Path file = folder.steps(RoarSettings.key(method));
    Steps steps = Steps.read(file, run, settings.fractions(), data[0].image().count(1, 3));
    List<byte[]> pictures = steps.pictures();
    if (pictures.size() == all) {
      return pictures;
    }
    if (over()) {
      return null;
    }
    String name = settings.names().get(settings.methods().indexOf(method));
    try (var ranker = ranker(network(results), Pipeline.CHOSEN)) {
      while (pictures.size() < all) {
        if (over()) {
          steps.write(file);
          return null;
        }
        if (seconds() - saved > between) {
          saved = seconds();
          steps.write(file);
        }
        int first = pictures.size();
        int last = Math.min(first + Ranker.GROUP, all);
        pictures.addAll(ranker.steps(method, first, last));
        moved = true;
        listener.explained(name, last, all);
      }
    }
    steps.write(file);
    return pictures;
  }

  /**
   * A test picture as the trainings see it: as it is, then changed at each fraction.
   *
   * @param method one of the run's
   * @param picture place in the test set
   */
  public List<Image> example(Method method, int picture, Results results) {
    int i = data[0].size() + picture;
    List<Image> pictures = new ArrayList<>(List.of(data[1].picture(picture)));
    try (var ranker = ranker(network(results), Pipeline.CHOSEN)) {
      byte[] steps = ranker.steps(method, i, i + 1).getFirst();
      Dataset one = data[1].at(picture);
      for (int f = 0; f < settings.fractions().size(); f++) {
        pictures.add(removal.apply(one, List.of(steps), f).picture(0));
      }
    }
    return pictures;
  }

  /** The model that the results are of. */
  private Network network(Results results) {
    return ModelFile.load(model(), results.model());
  }

  private Ranker ranker(Network network, int rows) {
    return new Ranker(network.channelsFirst(), data, settings.ranking(), removal, device, rows);
  }
}
