package candela.cli;

import candela.graph.Network;
import candela.image.Inputs;
import candela.image.WholeFile;
import candela.method.Preparation;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;

/**
 * Image files as a network sees them, and what it says to each.
 *
 * @param file of the labels, for messages
 * @param failed is told the reason where an image cannot be used
 */
record Reading(
    Network network,
    Preparation preparation,
    Labels labels,
    Path file,
    Target target,
    BiConsumer<Inputs.Input, String> failed) {
  /**
   * One image, read and classified.
   *
   * @param sha256 of its file
   */
  record Loaded(
      Inputs.Input input,
      String sha256,
      Preparation.Picture picture,
      Prediction prediction,
      int target) {}

  /** A picture, or why there is none. */
  private record Read(String sha256, Preparation.Picture picture, String fault) {}

  /** Reads and classifies; what cannot be read is told and left out. */
  List<Loaded> of(List<Inputs.Input> inputs, Pipeline pipeline) {
    List<Inputs.Input> readable = new ArrayList<>();
    List<String> hashes = new ArrayList<>();
    List<Preparation.Picture> pictures = new ArrayList<>();
    List<Logits> probes = new ArrayList<>();
    List<Read> read = inputs.parallelStream().map(this::read).toList();
    for (int i = 0; i < read.size(); i++) {
      if (read.get(i).picture() == null) {
        failed.accept(inputs.get(i), read.get(i).fault());
      } else {
        Preparation.Picture picture = read.get(i).picture();
        readable.add(inputs.get(i));
        hashes.add(read.get(i).sha256());
        pictures.add(picture);
        probes.add(new Logits(pipeline.device(), picture.pixels()));
      }
    }
    pipeline.run(probes);
    List<Loaded> loaded = new ArrayList<>();
    for (int i = 0; i < probes.size(); i++) {
      Prediction p = new Prediction(probes.get(i).result());
      if (!p.isFinite()) {
        failed.accept(
            readable.get(i),
            String.format(
                Locale.ROOT,
                "%s: finite class scores expected, %s gives NaN or infinity; check its weights and"
                    + " the preprocessing",
                readable.get(i).file(),
                network.name()));
        continue;
      }
      labels.check(p.logits().length, file);
      loaded.add(
          new Loaded(readable.get(i), hashes.get(i), pictures.get(i), p, target.of(p, network)));
    }
    return loaded;
  }

  private Read read(Inputs.Input input) {
    String hash = hash(input.file());
    try {
      return new Read(hash, preparation.read(input.file()), null);
    } catch (CandelaException e) {
      return new Read(hash, null, Main.sentence(e));
    } catch (OutOfMemoryError e) {
      return new Read(hash, null, input.file() + ": " + Main.sentence(e));
    }
  }

  /** SHA-256 of an image's file; "" where it cannot be read, which is said elsewhere. */
  static String hash(Path file) {
    try {
      return WholeFile.sha256(file);
    } catch (IOException e) {
      return "";
    }
  }
}
