package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.Unsuited;
import candela.onnx.ModelBuilder;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of methods before a run is what the run would have said. */
class TrialTest {
  @TempDir Path folder;

  /** A convolution whose four maps are read pixel by pixel, so that no layer is averaged. */
  private static Network flat(int channels) {
    Random random = new Random(3);
    return Network.of(
        new ModelBuilder(17)
            .input("x", -1, channels, 9, 7)
            .output("y")
            .constant("w", Shape.of(4, channels, 3, 3), Toy.draw(random, 36 * channels))
            .constant("u", Shape.of(4 * 63, 3), Toy.draw(random, 12 * 63))
            .node("Conv", "x,w", "c", "pads", new int[] {1, 1, 1, 1})
            .node("Relu", "c", "r")
            .node("Flatten", "r", "f")
            .node("MatMul", "f,u", "y")
            .model());
  }

  private static Preparation preparation(Network network) {
    return Preparation.of(null, network.inputShape(), network.name());
  }

  private static Map<Method, String> tried(Network network, List<Method> methods) {
    try (Device device = TestDevice.open(1)) {
      return Trial.unsuited(methods, network, preparation(network), device, null);
    }
  }

  private static Map<Method, String> tried(Network network, String... methods) {
    return tried(network, List.of(methods).stream().map(Methods::parse).toList());
  }

  /** The methods that have no meaning when they run to their end, on an image. */
  private static List<Method> ran(Network network, List<Method> methods) {
    Preparation preparation = preparation(network);
    Shape shape = preparation.shape();
    float[] x = Toy.draw(new Random(5), shape.count());
    Subject subject = new Subject(shape, x, 1, preparation.levels());
    List<Method> unsuited = new ArrayList<>();
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(network, device, 8)) {
      for (Method m : methods) {
        try (var workspace = new Workspace(device)) {
          Probe<Attribution> probe = m.probe(subject, workspace);
          pipeline.run(List.of(probe));
          assertThat(probe.result()).isNotNull();
        } catch (Unsuited e) {
          unsuited.add(m);
        }
      }
    }
    return unsuited;
  }

  @Test
  void everyMethodIsFoundThatARunFinds() {
    List<Method> all = new ArrayList<>(SmallMethods.all());
    List.of(
            "cam",
            "lrp:composite=epsilon_alpha2_beta1",
            "ablation-cam:layer=c",
            "ablation-cam:layer=f",
            "rise:masks=9,cells=3,fill=grey",
            "integrated-gradients:baseline=white",
            "noise-tunnel:samples=3,method=attention-rollout")
        .forEach(m -> all.add(Methods.parse(m)));
    List<Network> networks =
        List.of(flat(3), flat(13), Network.load(Toy.attending(folder)).channelsFirst());
    for (Network n : networks) {
      List<Method> unsuited = ran(n, all);
      assertThat(tried(n, all).keySet()).containsExactlyInAnyOrderElementsOf(unsuited);
      assertThat(unsuited).isNotEmpty().hasSizeLessThan(all.size() / 2);
    }
  }

  @Test
  void oneSentenceSaysWhyAndNamesTheMethod() {
    Map<Method, String> why =
        tried(
            flat(13),
            "gradient",
            "attention-rollout",
            "cam",
            "occlusion:window=3,stride=3,fill=white");
    assertThat(why.keySet())
        .extracting(Methods::name)
        .containsExactly("attention-rollout", "cam", "occlusion");
    assertThat(why.values())
        .satisfiesExactly(
            w -> assertThat(w).startsWith("attention-rollout: test.onnx: attention expected, "),
            w -> assertThat(w).startsWith("cam: a layer that is averaged over its pixels"),
            w -> assertThat(w).startsWith("occlusion: baseline: white needs to know black and"));
  }

  /** [t,n,c]: images are no rows of the layer; what comes after it is run in a second batch. */
  @Test
  void aLayerOfTokensBeforeImagesIsNoneForWhatGoesOnFromIt() {
    Network network =
        Network.of(
            new ModelBuilder(17)
                .input("x", -1, 3, 4, 4)
                .output("y")
                .constant("shape", Shape.of(3), 0L, 3L, 16L)
                .constant("u", Shape.of(3, 2), 1, 2, 3, -4, 5, 6)
                .node("Reshape", "x,shape", "p")
                .node("Transpose", "p", "t", "perm", new int[] {2, 0, 1})
                .node("MatMul", "t,u", "s")
                .node("ReduceMean", "s", "y", "axes", new int[] {0}, "keepdims", 0)
                .model());
    assertThat(tried(network, "ablation-cam:layer=t", "grad-cam:layer=t").values())
        .containsExactly(
            "ablation-cam: test.onnx: value 't': one row an image expected, is [16,2,3] for a batch"
                + " of 2");
  }

  /** Of one image the layer would look like any other. */
  @Test
  void aLayerThatHoldsSeveralImagesInARowIsNone() {
    Network network =
        Network.of(
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .constant("w", Shape.of(4, 3, 1, 1), Toy.draw(new Random(3), 12))
                .constant("u", Shape.of(256, 3), Toy.draw(new Random(4), 768))
                .constant("one", Shape.of(4), 1L, -1L, 8L, 8L)
                .constant("rows", Shape.of(2), -1L, 256L)
                .node("Conv", "x,w", "c")
                .node("Reshape", "c,one", "layer")
                .node("Relu", "layer", "r")
                .node("Reshape", "r,rows", "f")
                .node("MatMul", "f,u", "y")
                .model());
    assertThat(tried(network, "grad-cam:layer=layer", "grad-cam:layer=c").values())
        .containsExactly(
            "grad-cam: test.onnx: value 'layer': one row an image expected, but [1,4,8,8] of one"
                + " image has several in one row where there are several; name another");
  }

  @Test
  void aParameterThatDoesNotFitTheImagesIsAMistake() {
    assertThatThrownBy(() -> tried(flat(3), "gradient", "sliding-patch:patch=8"))
        .isInstanceOf(CandelaException.class)
        .isNotInstanceOf(Unsuited.class)
        .hasMessage("sliding-patch: patch of at most 7 expected for a 7 x 9 image, got 8");
    assertThatThrownBy(() -> tried(flat(3), "gradient", "occlusion:window=10,stride=3"))
        .isInstanceOf(CandelaException.class)
        .isNotInstanceOf(Unsuited.class)
        .hasMessage("occlusion: window of at most 9 expected for a 7 x 9 image, got 10");
    assertThat(tried(flat(3), "gradient", "occlusion:window=9,stride=3")).isEmpty();
  }
}
