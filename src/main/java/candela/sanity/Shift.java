package candela.sanity;

import candela.graph.Network;
import candela.method.Levels;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.onnx.OnnxValue;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

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
    OnnxValue image = model.inputs().getFirst();
    if (!image.type().isFloating()) {
      throw CandelaException.of(
          "%s: shift: a model that reads fractions expected, its input '%s' is %s",
          model.name(), image.name(), image.type());
    }
    var read = new OnnxValue(READ, image.type(), image.dims());
    List<String> operands = List.of(READ, BY);
    var less = new OnnxNode(READ, "Sub", "", operands, List.of(image.name()), Map.of());
    List<OnnxValue> inputs = new ArrayList<>(model.inputs());
    inputs.set(0, read);
    Map<String, OnnxTensor> initialisers = new LinkedHashMap<>(model.initialisers());
    initialisers.put(BY, OnnxTensor.of(BY, Shape.of(), by));
    return model
        .withInputs(inputs)
        .with(Stream.concat(Stream.of(less), model.nodes().stream()).toList(), initialisers);
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
