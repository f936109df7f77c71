package candela.cli;

import candela.image.WholeFile;
import candela.method.Methods;
import candela.roar.Fractions;
import candela.roar.Ranking;
import candela.roar.RoarSettings;
import candela.train.Recipe;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Options of {@code candela roar}; {@link RoarRun} does the work. */
@Command(
    name = "roar",
    description =
        "Remove and retrain: can a model learn without the pixels that a map calls important?",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "A model is trained, or given; the most important pixels of all training and test pictures",
      "become the mean colour, and the recipe trains anew (ROAR, Hooker et al. 2019). The lower"
          + " the",
      "accuracy, the more of what can be learnt from was there. random-map and sobel are controls:",
      "a map that does worse than they has found little. What is removed has a shape that can be",
      "learnt from, too.",
      "",
      "The explained class is the one the model predicts. A model that is given takes pixels of 0",
      "to 1, as those of candela train do.",
      "",
      "Written to DIR: roar.json (configuration, results, provenance), roar.csv, curves.png,",
      "examples.png, model.onnx where it was trained; *.steps and *.checkpoint while it runs.",
      "Started again, a run that was stopped or killed goes on to the bits it would have had."
          + " Other",
      "methods, fractions and restarts may be asked for: what is there is not trained again, and",
      "what is not asked for stays in roar.json, out of table, CSV and pictures. Another recipe,",
      "model, device, version, --rank or --keep, or other data, is refused.",
      "",
      "Of equal pixels those go first that a draw for each picture says; the seed of a method with",
      "random numbers is seed + 2^32 times the picture's place.",
      "",
      "Examples:",
      "  candela roar src/recipes/cnn.yaml --out roar",
      "  candela roar r.yaml --method gradient --method sobel --fractions 0.3,0.9 --restarts 5",
      "  candela roar r.yaml --model m.onnx --method lrp --method random-map --keep --limit 3600",
      "",
      "Exit codes: 0 all done, 1 stopped by --limit before the end, 2 wrong usage or input."
    })
final class RoarCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RECIPE", description = "YAML file, see candela train.")
  Path file;

  @Option(
      names = "--method",
      paramLabel = "NAME[:key=value,…]",
      description = "A method and its parameters; may be repeated. Default: ${DEFAULT-VALUE}.")
  List<String> methods =
      List.of("gradient", "integrated-gradients", "guided-backprop", "sobel", "random-map");

  @Option(
      names = "--fractions",
      paramLabel = "T,T,…",
      description = "Shares of the pixels that are removed. Default: ${DEFAULT-VALUE}.")
  String fractions = "0.1,0.3,0.5,0.7,0.9";

  @Option(
      names = "--restarts",
      paramLabel = "N",
      description =
          "Trainings of each, with seeds from the recipe's on: other weights, another order."
              + " Default: ${DEFAULT-VALUE}.")
  int restarts = 1;

  @Option(
      names = "--keep",
      description = "Keep these pixels and remove all others (KAR): high accuracy is good then.")
  boolean keep;

  @Option(
      names = "--rank",
      paramLabel = "absolute|value",
      description = "By which size of a map's values pixels are ranked. Default: ${DEFAULT-VALUE}.")
  String rank = "absolute";

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "ONNX model that is explained. Default: one that the recipe trains first.")
  Path model;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Where results go. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("candela-roar");

  @Mixin Checkpoints checkpoints;

  @Mixin Machine machine;

  @Override
  public Integer call() {
    long start = System.nanoTime();
    checkpoints.check();
    RoarSettings settings =
        new RoarSettings(
            Recipe.read(file),
            methods.stream().map(Methods::parse).toList(),
            Fractions.parse(fractions),
            Words.choice("--rank", rank, Ranking.values()),
            keep,
            restarts);
    WholeFile.makeFolder("--out", out);
    try (var _ = FolderLock.of(out);
        var run = new RoarRun(this, settings, start)) {
      return run.run();
    }
  }
}
