package candela.cli;

import candela.graph.Network;
import candela.image.Labels;
import candela.method.Preparation;
import candela.method.Trained;
import candela.onnx.OnnxValue;
import candela.study.Shipped;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The network that is asked, and how images are put to it. */
final class Classifier {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description =
          "ONNX image classifier. Without it and images, most commands take what comes with"
              + " Candela.")
  Path model;

  @Option(
      names = {"-l", "--labels"},
      paramLabel = "FILE",
      description =
          "Class names, one a line. Default: those that a model trained by Candela tells.")
  Path labels;

  @Option(
      names = {"-p", "--preprocess"},
      paramLabel = "NAME|FILE",
      description =
          "How images become inputs: a preset or a YAML file. Default: what a model trained by"
              + " Candela tells; else imagenet, or raw where the input is whole numbers.")
  String preprocess;

  @Mixin InputShape inputShape;

  /** The model, which takes images as [N,C,H,W]. */
  Network network() {
    return inputShape.load(model).channelsFirst();
  }

  /** The names of its classes, as given or as its file tells them, where they fit. */
  Labels names(Network network, Output output) {
    return labels == null ? Trained.labels(network, output.name) : Labels.read(labels);
  }

  /** How images are read and which scores are asked, where nobody has said. */
  void sayWhatWasAssumed(Network network, Preparation preparation, Output output) {
    if (!preparation.assumed().isEmpty()) {
      sayPreprocessing(preparation.name(), preparation.assumed());
    }
    List<String> outputs = network.model().outputs().stream().map(OnnxValue::name).toList();
    if (output.name == null && outputs.size() > 1) {
      System.out.printf(
          "output: %s (the first of %s; --output sets another)%n",
          outputs.getFirst(), String.join(", ", outputs));
    }
  }

  /** Also of commands that take no such model. */
  static void sayPreprocessing(String name, String why) {
    System.out.printf("preprocessing: %s (%s; --preprocess sets another)%n", name, why);
  }

  /** A first run: a model and pictures that come with Candela, which is said. */
  List<Path> useShippedPictures(Path folder) {
    useShipped(folder);
    System.out.printf(
        "No model and no images given: the model and pictures that come with Candela, in %s%n",
        folder);
    return Shipped.pictures(folder);
  }

  /** A model that comes with Candela, written to a folder; its labels where none are given. */
  void useShipped(Path folder) {
    model = Shipped.model("cnn", folder);
    labels = labels == null ? Shipped.labels(folder) : labels;
    preprocess = preprocess == null ? Shipped.PREPROCESS : preprocess;
  }
}
