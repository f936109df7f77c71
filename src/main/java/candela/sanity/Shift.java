package candela.sanity;

import candela.graph.Network;
import candela.method.Levels;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import java.util.Map;

/**
 * Images that are higher by a number, and a model that takes it off again: the same function of the
 * same pictures, so a map should stay.
 *
 * <p><b>Definition:</b> with m added to every value of image x, and f_m(x) = f(x − m), f_m(x + m)
 * is f(x), and a(x + m, t, f_m) is held against a(x, t, f). Black, white and the mean colour of the
 * images are higher by m, too; a baseline of 0 stays where it is.
 *
 * <p><b>Source:</b> Kindermans et al. 2019, "The (un)reliability of saliency methods".
 *
 * <p><b>Differences:</b> the authors, and Quantus, change the first layer's bias instead, which is
 * the same only where that layer adds no border.
 *
 * @param by what every value is higher by, in the network's units
 */
public record Shift(float by) {
  /** Nothing is changed. */
  static final Shift NONE = new Shift(0);

  private static final String READ = "candela/shifted";
  private static final String BY = "candela/shift";

  public Shift {
    if (!Float.isFinite(by)) {
      throw CandelaException.of("shift: a finite number expected, got %s", by);
    }
  }

  /** The network that takes it off. */
  Network of(Network network) {
    return Network.of(of(network.model())).channelsFirst();
  }

  private OnnxModel of(OnnxModel model) {
    String image = model.inputs().getFirst().name();
    var less = new OnnxNode(READ, "Sub", "", List.of(READ, BY), List.of(image), Map.of());
    return CandelaException.at(
        "shift",
        () -> model.behind(READ, List.of(less), List.of(OnnxTensor.of(BY, Shape.of(), by))));
  }

  float[] of(float[] pixels) {
    if (by == 0) {
      return pixels;
    }
    float[] shifted = new float[pixels.length];
    for (int i = 0; i < shifted.length; i++) {
      shifted[i] = pixels[i] + by;
    }
    return shifted;
  }

  Levels of(Levels levels) {
    return new Levels(higher(levels.black()), higher(levels.white()), levels.blueFirst());
  }

  private List<Float> higher(List<Float> values) {
    return values.stream().map(v -> v + by).toList();
  }
}
