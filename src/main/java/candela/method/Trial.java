package candela.method;

import candela.device.Device;
import candela.device.OutOfMemory;
import candela.graph.Network;
import candela.graph.Unsuited;
import candela.probe.Ask;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Finds the methods that have no meaning for a network before a run of several begins: each asks
 * its first rows, of an image that is almost grey.
 */
public final class Trial {
  /** Of a method that goes on with other rows, the second is of these. */
  private static final int BATCHES = 2;

  /** Paired rules want an even number; of one row, an axis of length 1 may pass for the images'. */
  public static final int ROWS = 2;

  /** So little that superpixels are those of a grey image. */
  private static final float NOISE = 0.01f;

  private final Pipeline pipeline;
  private final Subject image;

  /** What needs not be asked again, of the image as a whole. */
  private final Set<Ask> answered = new HashSet<>();

  private Trial(Pipeline pipeline, Preparation preparation) {
    this.pipeline = pipeline;
    image = grey(preparation);
  }

  /**
   * Of each method without meaning one sentence that says why, in the methods' order.
   *
   * @param output name of the output with the class scores, null for the first
   * @throws candela.tensor.CandelaException when a parameter does not fit the network's images
   */
  public static Map<Method, String> unsuited(
      List<Method> methods,
      Network network,
      Preparation preparation,
      Device device,
      String output) {
    Map<Method, String> reasons = new LinkedHashMap<>();
    try (var pipeline = new Pipeline(network, device, ROWS, output)) {
      var trial = new Trial(pipeline, preparation);
      for (Method m : methods) {
        try {
          trial.ask(m);
        } catch (OutOfMemory e) {
          // the run tells it, with what else it has then
        } catch (Unsuited e) {
          String name = Methods.name(m) + ": ";
          String why = e.getMessage();
          reasons.put(m, why.startsWith(name) ? why : name + why);
        }
      }
    }
    return reasons;
  }

  /** With noise, so that values are on both sides of a ReLU and slopes not equal by chance. */
  private static Subject grey(Preparation preparation) {
    var random = new Random(0);
    float[] pixels = new float[preparation.shape().count()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = NOISE * (float) random.nextGaussian();
    }
    return preparation.subject(pixels, 0);
  }

  private void ask(Method method) {
    try (var workspace = new Workspace(pipeline.device()).ofMaps()) {
      Probe<Attribution> probe = method.probe(image, workspace);
      List<Ask> asks = probe.inTurn().stream().map(Probe::ask).toList();
      if (asks.stream().allMatch(this::isAnswered)) {
        return;
      }
      Set<Long> batches = new HashSet<>(); // one without rows is none
      boolean ended =
          pipeline.run(
              List.of(probe),
              (done, all) -> {
                batches.add(done);
                return batches.size() < BATCHES || done == all;
              });
      if (ended) {
        probe.result(); // where some look at what they have got
      }
      answered.addAll(asks);
    }
  }

  /** Scores every classifier has. */
  private boolean isAnswered(Ask ask) {
    boolean whole = ask.from().isEmpty() && !ask.hasRules();
    return whole && (!ask.wantsGradient() || ask.at().isEmpty() && answered.contains(ask));
  }
}
