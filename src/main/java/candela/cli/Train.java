package candela.cli;

import candela.device.Device;
import candela.image.WholeFile;
import candela.onnx.OnnxModel;
import candela.train.Dataset;
import candela.train.Learner;
import candela.train.Pgd;
import candela.train.Recipe;
import candela.train.Sources;
import candela.train.Trainer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela train}: a recipe from data to a model file. */
@Command(
    name = "train",
    description = "Train a classifier as a recipe says; a run that was stopped goes on.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Written to DIR: NAME.onnx, NAME.json (accuracy, hash, recipe), NAME.checkpoint while it"
          + " runs;",
      "NAME is the recipe's. Started again, the run goes on from the checkpoint to the same bits.",
      "",
      "Example:",
      "  candela train src/recipes/cnn.yaml --out models",
      "",
      "Exit codes: 0 trained, 1 stopped by --limit before the end, 2 wrong usage or input."
    })
final class Train implements Callable<Integer> {
  @Parameters(paramLabel = "RECIPE", description = "YAML file.")
  Path file;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Where results go. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("candela-models");

  @Mixin Checkpoints checkpoints;

  @Mixin Machine machine;

  private final PrintStream print = System.out;

  @Override
  public Integer call() throws IOException {
    checkpoints.check();
    Recipe recipe = Recipe.read(file);
    WholeFile.checkApart("--out", model(recipe), recipe.start());
    WholeFile.makeFolder("--out", out);
    try (var _ = FolderLock.of(out, "." + recipe.name() + FolderLock.FILE)) {
      return train(recipe);
    }
  }

  private Path model(Recipe recipe) {
    return out.resolve(recipe.name() + ".onnx");
  }

  private int train(Recipe recipe) throws IOException {
    Dataset[] data = Sources.of(recipe);
    print.printf(
        "%s: %,d pictures %s to learn from, %,d to test on, %d classes%n",
        recipe.name(), data[0].size(), data[0].image(), data[1].size(), data[0].classes().size());
    Path checkpoint = out.resolve(recipe.name() + ".checkpoint");
    try (Device device = machine.open();
        Trainer trainer = new Trainer(recipe, data, device, checkpoint, checkpoints.between)) {
      if (trainer.resumed()) {
        print.printf("goes on from %s, step %,d%n", checkpoint, trainer.learner().steps());
      }
      boolean done;
      try (var saving = Interruption.saving();
          var progress = new TrainProgress(print, recipe.epochs())) {
        done = trainer.run(checkpoints.limit, progress);
        saving.done();
      }
      if (!done) {
        Checkpoints.sayStopped(print);
        return Main.PARTIAL;
      }
      finish(recipe, trainer, device);
      Files.deleteIfExists(checkpoint);
    }
    return Main.OK;
  }

  private void finish(Recipe recipe, Trainer trainer, Device device) {
    Map<String, Object> results = new LinkedHashMap<>();
    Map<String, String> about = new LinkedHashMap<>();
    note(results, about, "clean", trainer.test(null));
    for (double sigma : recipe.measureNoise()) {
      note(results, about, "noise " + sigma, trainer.testOnNoise(sigma));
    }
    for (Pgd attack : recipe.measure()) {
      note(results, about, attack.toString(), trainer.test(attack));
    }
    Path model = model(recipe);
    trainer.export(model, about);
    Map<String, Object> record = new LinkedHashMap<>();
    record.put("candela", Version.NUMBER);
    record.put("model", model.getFileName());
    record.put("sha256", OnnxModel.read(model).sha256());
    record.put("classes", trainer.classes());
    record.put("accuracy", results);
    record.put("seconds", trainer.seconds());
    record.put("device", device.describe());
    record.put("recipe", recipe.text());
    Json.write(out.resolve(recipe.name() + ".json"), record);
    print.printf(Locale.ROOT, "%s: %.0f s in all%n", model, trainer.seconds());
  }

  private void note(
      Map<String, Object> results, Map<String, String> about, String what, Learner.Tally tally) {
    double rounded = Math.round(1e4 * tally.accuracy()) / 1e4;
    results.put(what, rounded);
    about.put("accuracy, " + what, Double.toString(rounded));
    print.printf(Locale.ROOT, "accuracy, %s: %.2f %%%n", what, 100 * tally.accuracy());
  }
}
