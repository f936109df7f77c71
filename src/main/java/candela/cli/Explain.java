package candela.cli;

import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.Preprocess;
import candela.method.Method;
import candela.method.Methods;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Options of {@code candela explain}; {@link Explanation} does the work. */
@Command(
    name = "explain",
    description = "Say what images show, and write maps of the pixels that decided it.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Written to DIR for IMAGE and METHOD: IMAGE.METHOD.overlay.png, IMAGE.METHOD.heat.png,",
      "IMAGE.METHOD.npy [H,W], IMAGE.METHOD.channels.npy [C,H,W]; for the run: contact-sheet.png",
      "(of many images contact-sheet-2.png and so on), provenance.json. Maps of earlier runs stay,",
      "those two are of the last run that made maps.",
      "",
      "Examples:",
      "  candela explain",
      "  candela explain cat.jpg --model squeezenet1.1.onnx --preprocess caffe-bgr --labels"
          + " names.txt",
      "  candela explain photos/ --model m.onnx --method smoothgrad:samples=100,spread=0.1",
      "  candela explain cat.jpg --model m.onnx --target 281 --method occlusion:window=53,stride=24"
          + " \\",
      "      --method integrated-gradients:baseline=blur,nSteps=100 --out maps",
      "",
      "A method that has no meaning for the model, as attention-rollout has none for one without",
      "attention, is left out and its reason printed, where others are asked, too. A parameter"
          + " that",
      "is wrong stops all.",
      "",
      "Exit codes: 0 all done, 1 some images could not be explained, some methods were left out or",
      "some maps hold NaN or infinity, 2 wrong usage or input, or nothing was left to be done."
    })
final class Explain implements Callable<Integer> {
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
      description = "A method and its parameters; may be repeated.")
  List<String> methods = List.of("gradient", "smoothgrad", "integrated-gradients");

  @Mixin Target target;

  @Mixin Output output;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Where results go. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("candela-out");

  @Option(
      names = "--top",
      paramLabel = "K",
      description = "Classes to print. Default: ${DEFAULT-VALUE}.")
  int top = 5;

  @Option(
      names = "--clip",
      paramLabel = "P",
      description =
          "Percentile of |value| where colours end, 50 to 100. Default: ${DEFAULT-VALUE}.")
  double clip = 99;

  @Option(
      names = "--scale",
      paramLabel = "own|shared",
      description = "Colours by each map's own values, or by all images' maps of a method.")
  Colours scale = Colours.OWN;

  @Mixin Batch batch;

  @Mixin Machine machine;

  @Spec CommandSpec command;

  /** What the ends of the colours belong to. */
  enum Colours {
    OWN,
    SHARED
  }

  @Override
  public Integer call() {
    long start = System.nanoTime();
    check();
    if (classifier.model == null && images.isEmpty()) {
      images = classifier.useShippedPictures(out.resolve("example"));
    }
    if (classifier.model == null) {
      throw missing("option: '--model=FILE'");
    }
    if (images.isEmpty()) {
      throw missing("parameter: 'IMAGE'");
    }
    List<Method> parsed = methods.stream().map(Methods::parse).toList();
    Inputs.keepApart(images, out);
    List<Inputs.Input> inputs = Reading.inputs(images, out);
    Network network = classifier.network();
    Labels names = classifier.names(network, output);
    try (var explanation = new Explanation(this, network, names, parsed, start)) {
      return explanation.run(inputs);
    }
  }

  private ParameterException missing(String what) {
    return new ParameterException(command.commandLine(), "Missing required " + what);
  }

  /** The methods with their parameters, for the help. */
  static String[] methodsHelp() {
    List<String> lines = new ArrayList<>();
    lines.add("%nMethods, with their parameters and defaults:%n".formatted());
    for (String name : Methods.names()) {
      for (String line : Listing.wrap("  " + name + ": " + Methods.usage(name), Main.WIDTH - 1)) {
        lines.add(line + "%n");
      }
    }
    lines.add("Without --method: gradient, smoothgrad and integrated-gradients.%n");
    lines.add("%nPresets of --preprocess, x being a level 0 … 255:%n");
    Preprocess.presets().forEach((name, p) -> lines.add("  " + name + ": " + p.words() + "%n"));
    lines.add(
        "A YAML file has the keys preset, fit (centre, exact, short-side), crop, filter (nearest,"
            + " box, bilinear, bicubic, lanczos), order (rgb, bgr), divisor, mean and std; what it"
            + " leaves out is the preset's, imagenet where that is left out too.%n");
    return lines.toArray(String[]::new);
  }

  private void check() {
    if (!(clip >= 50 && clip <= 100)) {
      throw CandelaException.of("--clip: 50 to 100 expected, got %s", clip);
    }
    if (top < 1) {
      throw CandelaException.of("--top: 1 or more expected, got %d", top);
    }
    batch.rows();
    target.check();
  }
}
