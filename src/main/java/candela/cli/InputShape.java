package candela.cli;

import candela.graph.Network;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Of models that leave the shape of images open. */
final class InputShape {
  @Option(
      names = "--input-shape",
      paramLabel = "CxHxW",
      description =
          "Shape of one image where the model leaves some of it open, in the model's order, as"
              + " 3x224x224.")
  String given;

  Network load(Path model) {
    return Network.load(model, given);
  }
}
