package candela.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.image.Image;
import candela.image.Preprocess;
import candela.onnx.ElementType;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class PixelModelTest {
  private static final int SIDE = 4;

  private static final Image PICTURE = new Image(SIDE, SIDE, levels());

  private static byte[] levels() {
    byte[] rgb = new byte[3 * SIDE * SIDE];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 37 + 5);
    }
    return rgb;
  }

  /** What the model is given, [c,h,w], of pixels of 0 to 1. */
  private static float[] read(OnnxModel model, float[] pixels) {
    Network network = Network.of(model).channelsFirst();
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 1, SessionOptions.FORWARD)) {
      device.write(s.input(), pixels);
      s.forward();
      return device.read(s.output());
    }
  }

  private static OnnxModel flat(int... image) {
    return new ModelBuilder(13).input("x", image).node("Flatten", "x", "y").output("y").model();
  }

  /** Every preset and order of axes: the same numbers as of a picture that is explained. */
  @Test
  void theModelReadsWhatItsPreparationGives() {
    Preprocess.presets()
        .forEach(
            (name, p) -> {
              Dataset set = set(p.order());
              float[] expected = whole(p).apply(PICTURE, 3, SIDE, SIDE);
              float[] came = read(PixelModel.of(flat(1, 3, SIDE, SIDE), p), set.input(0));
              assertClose(name, came, expected);
              float[] last = read(PixelModel.of(flat(1, SIDE, SIDE, 3), p), set.input(0));
              for (int i = 0; i < came.length; i++) {
                int at = i % 3 * SIDE * SIDE + i / 3;
                assertThat(last[i]).as("%s, channels last, %d", name, i).isEqualTo(came[at]);
              }
            });
  }

  /** That preset without a crop. */
  private static Preprocess whole(Preprocess p) {
    return new Preprocess(p.fit(), 1, p.filter(), p.order(), p.divisor(), p.mean(), p.std());
  }

  private static Dataset set(Preprocess.Order order) {
    Dataset set = new Dataset(Shape.of(3, SIDE, SIDE), List.of(levels()), new int[1], List.of("a"));
    return order == Preprocess.Order.BGR ? set.blueFirst() : set;
  }

  private static void assertClose(String name, float[] came, float[] expected) {
    assertThat(came).hasSameSizeAs(expected);
    for (int i = 0; i < came.length; i++) {
      double close = 1e-6 * Math.max(255, Math.abs(expected[i]));
      assertThat(Math.abs(came[i] - expected[i])).as("%s, %d", name, i).isLessThan((float) close);
    }
  }

  @Test
  void aModelOfPixelsStaysAsItIs() {
    OnnxModel model = flat(1, 1, SIDE, SIDE);
    assertThat(PixelModel.of(model, Preprocess.of("unit"))).isSameAs(model);
  }

  @Test
  void modelsOfOtherInputsAreRefused() {
    OnnxModel levels =
        new ModelBuilder(13)
            .input("x", ElementType.UINT8, 1, 3, SIDE, SIDE)
            .node("Cast", "x", "f", "to", 1)
            .node("Flatten", "f", "y")
            .output("y")
            .model();
    for (String preset : new String[] {"imagenet", "raw", "unit"}) {
      assertThatThrownBy(() -> PixelModel.of(levels, Preprocess.of(preset)))
          .as(preset)
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("fractions expected");
    }
    assertThatThrownBy(() -> PixelModel.of(flat(1, 12), Preprocess.of("imagenet")))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("[N,C,H,W] or [N,H,W,C] expected");
    assertThatThrownBy(() -> PixelModel.of(flat(1, 1, SIDE, SIDE), Preprocess.of("imagenet")))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("one channel");
    for (int channels : new int[] {2, 4}) {
      OnnxModel model = flat(1, channels, SIDE, SIDE);
      assertThatThrownBy(() -> PixelModel.of(model, Preprocess.of("imagenet")))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining(channels + " channels, mean has three values");
    }
  }
}
