package candela.roar;

import candela.device.Device;
import candela.graph.Network;
import candela.image.Image;
import candela.method.Method;
import candela.onnx.OnnxModel;
import candela.probe.Pipeline;
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
 * <p>A run that was killed goes on: steps and trainings in progress lie in the folder. Owns
 * nothing. For one thread.
 */
public final class Roar {
  private final Settings settings;
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

  /** Told how far a run is. */
  public interface Listener {
    /** So many of all pictures have been explained. */
    void explained(String method, int pictures, int all);

    /** So many of all steps of a training have been done. */
    void step(Training training, long steps, long all);

    /** A training is done. */
    void result(Result result);
  }

  /**
   * Prepares a run; checks what can be checked before work begins.
   *
   * @param data training and test pictures of the recipe
   * @param model file of the explained model, null where the recipe is to make it
   * @param folder of what lies between a kill and the next start
   * @param between seconds from one checkpoint to the next
   */
  public Roar(
      Settings settings, Dataset[] data, Path model, Path folder, Device device, double between) {
    this.settings = settings;
    this.data = data;
    this.model = model;
    this.folder = new WorkFolder(folder);
    this.device = device;
    this.between = between;
    removal =
        Removal.of(settings.fractions(), settings.keep(), data[0], settings.recipe().seed());
    Map<String, Object> all = new LinkedHashMap<>(settings.configuration());
    all.put("data", data[0].sha256() + " " + data[1].sha256());
    all.put("model", model == null ? null : OnnxModel.read(model).sha256());
    all.put("device", device.name());
    all.put("precision", String.valueOf(device.precision()));
    configuration = all;
    run = UUID.nameUUIDFromBytes(all.toString().getBytes(StandardCharsets.UTF_8)).toString();
    if (model != null) {
      try (var fit = explainer()) {
        fit.predicted(0, 1);
      }
    }
    new Trainer(settings.recipe(), data, device, null, between).close();
  }

  /** All that results depend on: runs that have it in common can go on from each other. */
  public Map<String, Object> configuration() {
    return configuration;
  }

  /** File of the explained model; there once its result is. */
  public Path model() {
    return model == null ? folder.model() : model;
  }

  /** The trainings of a whole run, in order. */
  public List<Training> trainings() {
    List<Training> all = new ArrayList<>(List.of(Training.UNCHANGED));
    settings.names().forEach(name -> all.addAll(settings.trainings(name)));
    return all;
  }

  /**
   * Runs what is not among the results, for at most so many seconds and what it takes to come to an
   * end: a group of pictures, or a step.
   *
   * @param results of earlier runs; new ones are added
   * @return whether all is done
   */
  public boolean run(Results results, double limit, Listener listener) {
    start = System.nanoTime();
    saved = 0;
    this.limit = limit;
    // A kill may have come between a result and the end of what led to it.
    trainings().stream()
        .filter(results::have)
        .forEach(t -> WorkFolder.delete(folder.checkpoint(t)));
    if (!results.have(Training.UNCHANGED) && !unchanged(results, listener)) {
      return false;
    }
    for (int m = 0; m < settings.methods().size(); m++) {
      String name = settings.names().get(m);
      List<Training> left =
          settings.trainings(name).stream().filter(t -> !results.have(t)).toList();
      if (left.isEmpty()) {
        WorkFolder.delete(folder.steps(name));
        continue;
      }
      List<byte[]> steps = steps(settings.methods().get(m), name, listener);
      if (steps == null) {
        return false;
      }
      for (Training t : left) {
        if (!retrained(t, steps, results, listener)) {
          return false;
        }
      }
      WorkFolder.delete(folder.steps(name));
    }
    return true;
  }

  private double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  private boolean unchanged(Results results, Listener listener) {
    double seconds = 0;
    Path checkpoint = folder.checkpoint(Training.UNCHANGED);
    if (model == null) {
      Recipe recipe = settings.recipe().again(settings.recipe().seed(), run);
      try (Trainer trainer = new Trainer(recipe, data, device, checkpoint, between)) {
        if (!train(trainer, Training.UNCHANGED, listener)) {
          return false;
        }
        trainer.export(model(), Map.of());
        seconds = trainer.seconds();
      }
    }
    try (var explainer = explainer()) {
      add(new Result(Training.UNCHANGED, explainer.accuracy(), seconds), results, listener);
    }
    WorkFolder.delete(checkpoint);
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
      double accuracy = trainer.test(null, 0).accuracy();
      add(new Result(training, accuracy, trainer.seconds()), results, listener);
    }
    WorkFolder.delete(checkpoint);
    return true;
  }

  private void add(Result result, Results results, Listener listener) {
    results.add(result);
    listener.result(result);
  }

  private boolean train(Trainer trainer, Training training, Listener listener) {
    int epochs = settings.recipe().epochs();
    return trainer.run(
        Math.max(0, limit - seconds()),
        new Trainer.Listener() {
          @Override
          public void step(
              int epoch, int batch, int batches, Learner.Tally soFar, double rate, double left) {
            listener.step(training, (long) epoch * batches + batch, (long) epochs * batches);
          }

          @Override
          public void epoch(int epoch, Learner.Tally trained, Supplier<Learner.Tally> tested) {}
        });
  }

  /** Of all pictures; null where time is up. */
  private List<byte[]> steps(Method method, String name, Listener listener) {
    int all = data[0].size() + data[1].size();
    Steps steps = Steps.read(folder.steps(name), run, data[0].image().count(1, 3));
    List<byte[]> pictures = steps.pictures();
    if (pictures.size() == all) {
      return pictures;
    }
    try (var explainer = explainer()) {
      while (pictures.size() < all) {
        if (seconds() > limit) {
          steps.write(folder.steps(name));
          return null;
        }
        if (seconds() - saved > between) {
          saved = seconds();
          steps.write(folder.steps(name));
        }
        int first = pictures.size();
        int last = Math.min(first + Explainer.GROUP, all);
        pictures.addAll(explainer.steps(method, first, last));
        listener.explained(name, last, all);
      }
    }
    steps.write(folder.steps(name));
    return pictures;
  }

  /**
   * A test picture as the trainings see it: as it is, then changed at each fraction.
   *
   * @param method place in the list of methods
   * @param picture place in the test set
   */
  public List<Image> example(int method, int picture) {
    int i = data[0].size() + picture;
    List<Image> pictures = new ArrayList<>(List.of(data[1].picture(picture)));
    try (var explainer = explainer()) {
      byte[] steps = explainer.steps(settings.methods().get(method), i, i + 1).getFirst();
      Dataset one = data[1].at(picture);
      for (int f = 0; f < settings.fractions().size(); f++) {
        pictures.add(removal.apply(one, List.of(steps), f).picture(0));
      }
    }
    return pictures;
  }

  private Explainer explainer() {
    Network network = Network.load(model()).channelsFirst();
    return new Explainer(
        network, data, settings.ranking(), removal, device, Pipeline.CHOSEN);
  }
}
