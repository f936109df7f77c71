package candela.cli;

import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.method.Preparation;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Prediction;
import candela.tensor.CandelaException;
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
  /** One image, read and classified. */
  record Loaded(
      Inputs.Input input, Preparation.Picture picture, Prediction prediction, int target) {}

  /** A picture, or why there is none. */
  private record Read(Preparation.Picture picture, String fault) {}

  /** One that goes no further where an image cannot be used. */
  static Reading strict(
      Network network, Preparation preparation, Labels labels, Path file, Target target) {
    return new Reading(
        network,
        preparation,
        labels,
        file,
        target,
        (input, reason) -> {
          throw new CandelaException(reason);
        });
  }

  /**
   * The images that arguments name; tells what is left out of folders.
   *
   * @param out where results go: a folder that holds them is no one that was forgotten
   */
  static List<Inputs.Input> inputs(List<Path> arguments, Path out) {
    List<Inputs.Input> inputs = Inputs.of(arguments);
    sayWhatIsLeftOut(arguments, out);
    return inputs;
  }

  static void sayWhatIsLeftOut(List<Path> arguments, Path out) {
    Inputs.leftOut(arguments, out).forEach(s -> System.err.println("candela: " + s));
  }

  /** Of a {@link #strict} reading: the image of a file. */
  Loaded one(Path image, Pipeline pipeline) {
    List<Inputs.Input> inputs = Inputs.of(List.of(image));
    if (inputs.size() != 1) {
      throw CandelaException.of("%s: one image expected, got a folder of %d", image, inputs.size());
    }
    return of(inputs, pipeline).getFirst();
  }

  /** Reads and classifies; what cannot be read is told and left out. */
  List<Loaded> of(List<Inputs.Input> inputs, Pipeline pipeline) {
    List<Inputs.Input> readable = new ArrayList<>();
    List<Preparation.Picture> pictures = new ArrayList<>();
    List<Logits> probes = new ArrayList<>();
    List<Read> read = inputs.parallelStream().map(this::read).toList();
    for (int i = 0; i < read.size(); i++) {
      if (read.get(i).picture() == null) {
        failed.accept(inputs.get(i), read.get(i).fault());
      } else {
        Preparation.Picture picture = read.get(i).picture();
        readable.add(inputs.get(i));
        pictures.add(picture);
        probes.add(new Logits(pipeline.device(), picture.pixels()));
      }
    }
    pipeline.run(probes);
    List<Loaded> loaded = new ArrayList<>();
    for (int i = 0; i < probes.size(); i++) {
      Prediction p = probes.get(i).result();
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
      loaded.add(new Loaded(readable.get(i), pictures.get(i), p, target.of(p, network)));
    }
    if (loaded.stream().anyMatch(l -> l.prediction().seemProbabilities())) {
      System.err.println(
          "candela: "
              + network.name()
              + ": the scores are 0 to 1 and add up to 1, as probabilities do, but come from no"
              + " softmax that is known; they are taken for logits, and probabilities are those of"
              + " a softmax over them; --output names other scores");
    }
    return loaded;
  }

  private Read read(Inputs.Input input) {
    try {
      return new Read(preparation.read(input.file()), null);
    } catch (CandelaException e) {
      return new Read(null, Main.sentence(e));
    } catch (OutOfMemoryError e) {
      return new Read(null, input.file() + ": " + Main.sentence(e));
    }
  }
}
