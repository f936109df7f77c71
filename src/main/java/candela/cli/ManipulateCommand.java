package candela.cli;

import candela.graph.Network;
import candela.image.Labels;
import candela.image.WholeFile;
import candela.method.Method;
import candela.method.Methods;
import candela.sanity.Manipulation;
import candela.study.Shipped;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Options of {@code candela manipulate}; {@link ManipulateRun} does the work. */
@Command(
    name = "manipulate",
    description =
        "Give an image the map of another one, by changes hard to see, which the class survives.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "After Dombrowski et al. 2019. Maps of other methods are drawn too: which of them follow?",
      "",
      "Written to DIR: manipulated.npy [C,H,W], the image's values after preprocessing;",
      "manipulated.png, the same rounded to 8 bits, which is measured, too; manipulation.png, the",
      "maps of all three images; loss.csv; provenance.json. A run that was killed goes on, by the",
      "same command, from manipulation.state.",
      "",
      "Examples:",
      "  candela manipulate",
      "  candela manipulate cat.jpg dog.jpg --model m.onnx --iterations 1500 --method smoothgrad",
      "",
      "Exit codes: 0 done, 2 wrong usage or input."
    })
final class ManipulateCommand implements Callable<Integer> {
  @Parameters(paramLabel = "IMAGE", arity = "0..1", index = "0", description = "Image file.")
  Path image;

  @Parameters(
      paramLabel = "OTHER",
      arity = "0..1",
      index = "1",
      description = "Image whose map it shall have.")
  Path other;

  @Mixin Classifier classifier;

  @Option(
      names = "--map",
      paramLabel = "gradient|input-x-gradient",
      description = "The map that is manipulated. Default: ${DEFAULT-VALUE}.")
  String map = "gradient";

  @Option(
      names = "--method",
      paramLabel = "NAME[:key=value,…]",
      description = "Whose maps are drawn beside it; may be repeated. Default: ${DEFAULT-VALUE}.")
  List<String> methods = List.of("smoothgrad", "integrated-gradients", "guided-backprop", "lrp");

  @Mixin Target target;

  @Option(
      names = "--iterations",
      paramLabel = "N",
      description = "Steps of the descent. Default: ${DEFAULT-VALUE}.")
  int iterations = 1000;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description =
          "A step, as a share of the range from black to white, at most 1. Default:"
              + " ${DEFAULT-VALUE}.")
  double rate = 2e-4;

  @Option(
      names = "--keep",
      paramLabel = "W",
      description =
          "Weight in the loss of what the class's probability lost, 0 to 1e6. Default:"
              + " ${DEFAULT-VALUE}.")
  double keep = 10;

  @Option(
      names = "--beta",
      paramLabel = "B",
      description =
          "Rectifiers are softplus of this sharpness at first, ten times it at the end; 1e-3 to"
              + " 1e6. Default: ${DEFAULT-VALUE}.")
  double beta = 10;

  @Mixin Output output;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Where results go. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("candela-out");

  @Mixin Batch batch;

  @Mixin Machine machine;

  @Override
  public Integer call() {
    long start = System.nanoTime();
    target.check();
    batch.rows();
    machine.fine();
    boolean timesInput =
        switch (map) {
          case "gradient" -> false;
          case "input-x-gradient" -> true;
          default ->
              throw CandelaException.of(
                  "--map: gradient or input-x-gradient expected, got '%s'", map);
        };
    var manipulation = new Manipulation(timesInput, iterations, rate, keep, beta, 10);
    if (classifier.model == null && image == null) {
      Path folder = out.resolve("example");
      classifier.useShippedPictures(folder);
      image = Shipped.picture("heart", folder);
      other = Shipped.picture("star", folder);
    }
    if (classifier.model == null || image == null || other == null) {
      throw CandelaException.of("manipulate: IMAGE, OTHER and --model FILE expected, or none");
    }
    List<Method> all = new ArrayList<>(List.of(Methods.parse(map)));
    methods.forEach(m -> all.add(Methods.parse(m)));
    Network network = classifier.network();
    Labels names = classifier.names(network, output);
    for (String written : ManipulateRun.PICTURES) {
      WholeFile.checkApart("--out", out.resolve(written), image, other);
    }
    WholeFile.makeFolder("--out", out);
    try (var _ = FolderLock.of(out);
        var run = new ManipulateRun(this, network, names, all, manipulation, start)) {
      return run.run();
    }
  }
}
