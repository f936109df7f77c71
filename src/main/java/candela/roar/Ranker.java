package candela.roar;

import candela.device.Device;
import candela.graph.Network;
import candela.image.Filter;
import candela.image.Resize;
import candela.method.Attribution;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Seeds;
import candela.method.Subject;
import candela.probe.Halves;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.train.Dataset;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which step each pixel has ({@link Removal}), by the maps of one network. Pictures are those of
 * the training set, then those of the test set.
 *
 * <p>Explained is the class that the network predicts: labels do not leak into what is removed.
 *
 * <p>Owns its sessions, not the device. For one thread.
 */
final class Ranker implements AutoCloseable {
  /** Pictures whose rows share batches, and whose maps are held at a time. */
  static final int GROUP = 64;

  private final Network network;
  private final Dataset[] data;
  private final Ranking ranking;
  private final Removal removal;
  private final Preparation preparation;
  private final Pipeline pipeline;

  /**
   * @param rows of a batch at most, or {@link Pipeline#CHOSEN}
   */
  Ranker(
      Network network, Dataset[] data, Ranking ranking, Removal removal, Device device, int rows) {
    this.network = network;
    this.data = data;
    this.ranking = ranking;
    this.removal = removal;
    Shape image = data[0].image();
    Shape input = network.inputShape();
    if (!input.equals(Shape.of(1, image.dim(0), image.dim(1), image.dim(2)))) {
      throw CandelaException.of(
          "%s: images %s expected, as the data have; it takes %s", network.name(), image, input);
    }
    preparation = Preparation.of(Dataset.PREPROCESS, input, network.name());
    pipeline = new Pipeline(network, device, rows);
  }

  private float[] input(int i) {
    int training = data[0].size();
    return i < training ? data[0].input(i) : data[1].input(i - training);
  }

  /** The predicted classes of the pictures from first (inclusive) to last (exclusive). */
  int[] predicted(int first, int last) {
    int classes = data[0].classes().size();
    int[] predicted = new int[last - first];
    for (int from = first; from < last; from += GROUP) {
      List<Logits> asked =
          IntStream.range(from, Math.min(from + GROUP, last))
              .mapToObj(i -> new Logits(pipeline.device(), input(i)))
              .toList();
      pipeline.run(asked);
      for (int k = 0; k < asked.size(); k++) {
        int scores = asked.get(k).result().logits().length;
        if (scores != classes) {
          throw CandelaException.of(
              "%s: scores of %d classes expected, as the data have; it gives %d",
              network.name(), classes, scores);
        }
        predicted[from - first + k] = asked.get(k).best();
      }
    }
    return predicted;
  }

  /** The share of the test pictures whose class is predicted. */
  double accuracy() {
    int[] labels = data[1].labels();
    int[] predicted = predicted(data[0].size(), data[0].size() + labels.length);
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      right += predicted[i] == labels[i] ? 1 : 0;
    }
    return (double) right / labels.length;
  }

  /**
   * Steps of the pictures from first (inclusive) to last (exclusive), at most a group; of one half
   * and then the other where all have no room at once.
   */
  List<byte[]> steps(Method method, int first, int last) {
    return Halves.of(
        IntStream.range(first, last).boxed().toList(),
        part -> {
          int from = part.getFirst();
          return steps(method, from, maps(method, from, part.getLast() + 1));
        });
  }

  private List<byte[]> steps(Method method, int first, List<Attribution> maps) {
    return IntStream.range(0, maps.size())
        .parallel()
        .mapToObj(k -> steps(maps.get(k), method, first + k))
        .toList();
  }

  /** Maps of the same, whatever their numbers are. */
  List<Attribution> maps(Method method, int first, int last) {
    int[] targets = predicted(first, last);
    try (Workspace workspace = new Workspace(pipeline.device()).ofMaps()) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      for (int i = first; i < last; i++) {
        Subject subject = preparation.subject(input(i), targets[i - first]);
        probes.add(own(method, i).probe(subject, workspace));
      }
      pipeline.run(probes);
      return probes.stream().map(Probe::result).toList();
    }
  }

  /**
   * Random numbers of each picture's own, by seed + 2^32 picture: from the same noise for all, the
   * same pixels would be taken away everywhere.
   */
  private static Method own(Method method, int picture) {
    return Seeds.plus(method, (long) picture << 32);
  }

  private byte[] steps(Attribution a, Method method, int picture) {
    float[] map = a.map();
    for (float v : map) {
      if (!Float.isFinite(v)) {
        throw CandelaException.of(
            "%s: numbers expected in the map of picture %d, got %s; use another method or"
                + " --precision float32",
            Methods.name(method), picture, v);
      }
    }
    Shape image = preparation.shape();
    if (a.height() != image.dim(1) || a.width() != image.dim(2)) {
      map = Resize.of(map, a.height(), a.width(), image.dim(1), image.dim(2), Filter.BILINEAR);
    }
    return removal.steps(ranking.importance(map), picture);
  }

  @Override
  public void close() {
    pipeline.close();
  }
}
