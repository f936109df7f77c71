package candela.cli;

import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.WholeFile;
import candela.method.Methods;
import candela.metric.Similarities;
import candela.sanity.Init;
import candela.sanity.Order;
import candela.sanity.Randomisation;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Options of {@code candela sanity}; {@link SanityRun} does the work. */
@Command(
    name = "sanity",
    description =
        "Do maps change when the model forgets what it learnt, and when another class is asked?",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Parameters of more and more layers become random (Adebayo et al. 2018); a map that explains",
      "the model loses its similarity to the original one, a picture of the image's edges does"
          + " not.",
      "sobel, among the methods without --method, is such a picture. complexity-rise is by how"
          + " much",
      "the entropy of a map's histogram grows, as a share of the original one's.",
      "",
      "Written to DIR: IMAGE.sanity.png, the maps of all stages; curves.png; sanity.csv, every",
      "similarity and rise, and the reason where one is NaN (- in print); provenance.json. Killed,",
      "the same command goes on with the images that are left.",
      "",
      "Examples:",
      "  candela sanity",
      "  candela sanity photos/ --model m.onnx --method guided-backprop --method grad-cam",
      "  candela sanity cat.jpg --model m.onnx --order independent --init kaiming --stages 20",
      "  candela sanity cat.jpg --model m.onnx --against trained-on-shuffled-labels.onnx",
      "  candela sanity cat.jpg --model m.onnx --shift=-1 --method deeplift --method gradient",
      "",
      "A method that has no meaning for the model is left out, and its reason printed, where"
          + " others",
      "are asked, too.",
      "",
      "Exit codes: 0 all done, 1 some images could not be checked or some methods were left out,",
      "2 wrong usage or input, or nothing was left to be done."
    })
final class SanityCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "IMAGE",
      arity = "0..*",
      description =
          "Image files, or folders of them; a .npy file holds an input as the model reads it.")
  List<Path> images = List.of();

  @Mixin Classifier classifier;

  @Option(
      names = "--method",
      paramLabel = "NAME[:key=value,…]",
      description = "A method and its parameters; may be repeated. Default: ${DEFAULT-VALUE}.")
  List<String> methods =
      List.of("gradient", "smoothgrad", "input-x-gradient", "guided-backprop", "lrp", "sobel");

  @Mixin Target target;

  @Option(
      names = "--order",
      paramLabel = "top-down|bottom-up|independent",
      description =
          "Layers that forget: from the last down (the cascade), from the first up, or one alone."
              + " Default: top-down.")
  String order = "top-down";

  @Option(
      names = "--init",
      paramLabel = "permute|kaiming",
      description =
          "What they become: their own values in random order, or as PyTorch's layers begin."
              + " Default: ${DEFAULT-VALUE}.")
  String init = "permute";

  @Option(
      names = "--stages",
      paramLabel = "N",
      description = "Models with random layers, at most one a layer. Default: ${DEFAULT-VALUE}.")
  int stages = 8;

  @Option(
      names = "--against",
      paramLabel = "FILE",
      description = "Another model of the same classes, images and preprocessing; may be repeated.")
  List<Path> against = List.of();

  @Option(
      names = "--shift",
      paramLabel = "V",
      description =
          "The same model of images whose values are all higher by V, in the model's units, which"
              + " it takes off: maps should stay (Kindermans et al. 2019); may be repeated.")
  List<Float> shifts = List.of();

  @Option(
      names = "--similarity",
      paramLabel = "NAME[:key=value,…]",
      description =
          "How maps are compared; may be repeated. Default: spearman, ssim and hog, as far as maps"
              + " are large enough.")
  List<String> similarities = List.of();

  @Option(names = "--absolute", description = "Compare maps by their absolute values.")
  boolean absolute;

  @Option(
      names = "--bins",
      paramLabel = "N",
      description =
          "Of the histogram whose entropy is a map's complexity, which rises in a random model"
              + " (Hedström et al. 2023). Default: ${DEFAULT-VALUE}.")
  int bins = 100;

  @Option(
      names = "--predicted",
      description =
          "Of a model that is random, or of --against, explain the class that it predicts, not the"
              + " original's.")
  boolean predicted;

  @Option(names = "--seed", paramLabel = "N", description = "Of random values. Default: 0.")
  long seed;

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
    similarities.forEach(Similarities::parse);
    Randomisation randomisation = randomisation();
    if (classifier.model == null && images.isEmpty()) {
      images = classifier.useShippedPictures(out.resolve("example"));
    }
    if (classifier.model == null || images.isEmpty()) {
      throw CandelaException.of("sanity: images and --model FILE expected, or neither");
    }
    var parsed = methods.stream().map(Methods::parse).toList();
    Inputs.keepApart(images, out);
    List<Inputs.Input> inputs = Reading.inputs(images, out);
    Network network = classifier.network();
    Labels names = classifier.names(network, output);
    WholeFile.makeFolder("--out", out);
    try (var _ = FolderLock.of(out);
        var run = new SanityRun(this, network, names, parsed, randomisation, start)) {
      return run.run(inputs);
    }
  }

  private Randomisation randomisation() {
    return new Randomisation(
        Words.choice("--order", order, Order.values()),
        Words.choice("--init", init, Init.values()),
        stages,
        seed);
  }
}
