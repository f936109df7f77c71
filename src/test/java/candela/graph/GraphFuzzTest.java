package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.CpuTime;
import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.onnx.Fuzz;
import candela.onnx.Models;
import candela.onnx.OnnxModel;
import candela.onnx.proto.ModelProto;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Twisted models of every operator are imported, simplified, planned, and run there and back where
 * they are small: whatever comes must be a result or a {@link CandelaException} that names the
 * file. More of it: {@code ./candela test -Dtest=GraphFuzzTest -DargLine.more="-Dfuzz.models=100000
 * -Dfuzz.seed=7"}.
 */
class GraphFuzzTest {
  private static final int MODELS = Integer.getInteger("fuzz.models", 3_000);
  private static final long SEED = Long.getLong("fuzz.seed", 20_261_125);

  /** Elements of all values, and arithmetic, of a graph that is run. */
  private static final long SMALL = 1 << 20;

  private static final long CHEAP = 1 << 26;

  private static final long NANOS = 5_000_000_000L;

  private int ran;
  private int refused;

  @Test
  @Timeout(600)
  void twistedModelsGiveAResultOrASentence(@TempDir Path folder) throws IOException {
    List<ModelProto> originals = OperatorModels.read(Shared.path("conformance/onnx-node.zip"));
    var twist = new Twist(new Random(SEED), originals);
    try (Device device = TestDevice.open(1)) {
      for (int i = 0; i < MODELS; i++) {
        ModelProto model = twist.apply(originals.get(i % originals.size()));
        Path file = Models.write(folder, model);
        long start = CpuTime.nanos();
        try {
          use(Network.of(OnnxModel.read(file)), device);
          ran++;
        } catch (CandelaException e) {
          refused++;
          assertThat(e.getMessage())
              .as("model %d of seed %d: %s", i, SEED, model)
              .contains("model.onnx")
              .hasSizeLessThan(2000);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
          throw new AssertionError("model " + i + " of seed " + SEED + ": " + model, e);
        }
        assertThat(CpuTime.nanos() - start).as("ns, model %d", i).isLessThan(NANOS);
      }
    }
    // Both must occur often, or the twists test one thing only.
    assertThat(ran).isGreaterThan(MODELS / 10);
    assertThat(refused).isGreaterThan(MODELS / 10);
  }

  /** Real networks with damaged bytes, where they still can be read. */
  @Test
  @Timeout(120)
  void damagedNetworksGiveAResultOrASentence(@TempDir Path folder) throws IOException {
    try (Device device = TestDevice.open(1)) {
      Fuzz.Outcome outcome = Fuzz.run(folder, 150, model -> use(Network.of(model), device));
      assertThat(outcome.models()).isGreaterThan(20);
      assertThat(outcome.refused()).isGreaterThan(20);
    }
  }

  private static void use(Network network, Device device) {
    Shape input = Import.graph(network.model(), 1, false).input().shape();
    int batch = input.rank() == 0 ? 1 : Math.max(1, input.dim(0));
    Graph graph = network.graph(batch, SessionOptions.GRADIENT);
    long elements = graph.inputs().stream().mapToLong(v -> v.shape().count()).sum();
    long flops = 0;
    for (Node n : graph.nodes()) {
      elements += n.outputs().stream().mapToLong(v -> v.shape().count()).sum();
      flops += n.op().flops(n);
    }
    if (elements > SMALL || flops > CHEAP) {
      return;
    }
    try (Session s = Session.open(graph, device, SessionOptions.FORWARD)) {
      run(s, false);
    }
    try (Session s = Session.open(graph, device, SessionOptions.GRADIENT)) {
      run(s, true);
    }
  }

  private static void run(Session s, boolean backward) {
    for (Value v : s.graph().inputs()) {
      Tensor x = s.input(v.name());
      float[] ramp = new float[x.count()];
      for (int i = 0; i < ramp.length; i++) {
        ramp[i] = i % 17 / 8f - 1;
      }
      s.device().write(x, ramp);
    }
    s.forward();
    s.device().read(s.output());
    if (backward) {
      float[] ones = new float[s.seed().count()];
      Arrays.fill(ones, 1);
      s.device().write(s.seed(), ones);
      s.backward(Rules.GRADIENT);
      s.device().read(s.gradient());
    }
  }
}
