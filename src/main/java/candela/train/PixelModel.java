package candela.train;

import candela.graph.Network;
import candela.image.Preprocess;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import java.util.Map;

/**
 * A model behind the arithmetic of its preparation, so that it reads pixels of 0 to 1: those are
 * what noise and attacks change, and their size is measured in.
 */
public final class PixelModel {
  private static final String PIXELS = "candela/pixels";
  private static final String SCALE = "candela/scale";
  private static final String OFFSET = "candela/offset";

  private PixelModel() {}

  /**
   * The model that does that arithmetic itself; channels keep the order that it reads them in.
   *
   * @throws CandelaException when it reads no pictures, or whole numbers
   */
  public static OnnxModel of(OnnxModel model, Preprocess preprocess) {
    Network network = Network.of(model);
    Shape images = network.channelsFirst().inputShape();
    if (images.rank() != 4) {
      throw CandelaException.of(
          "%s: images [N,C,H,W] or [N,H,W,C] expected as input, it takes %s", model.name(), images);
    }
    int channels = images.dim(1);
    float[] offset = new float[channels];
    float[] scale = new float[channels];
    boolean same = true;
    for (int c = 0; c < channels; c++) {
      offset[c] = preprocess.value(channels, c, 0);
      scale[c] = preprocess.value(channels, c, 255) - offset[c];
      same &= offset[c] == 0 && scale[c] == 1;
    }
    if (same && model.inputs().getFirst().type().isFloating()) {
      return model;
    }
    boolean last = !images.equals(network.inputShape());
    Shape each = last ? Shape.of(channels) : Shape.of(channels, 1, 1);
    String image = model.inputs().getFirst().name();
    String scaled = "candela/scaled";
    return model.behind(
        PIXELS,
        List.of(
            new OnnxNode(SCALE, "Mul", "", List.of(PIXELS, SCALE), List.of(scaled), Map.of()),
            new OnnxNode(OFFSET, "Add", "", List.of(scaled, OFFSET), List.of(image), Map.of())),
        List.of(OnnxTensor.of(SCALE, each, scale), OnnxTensor.of(OFFSET, each, offset)));
  }
}
