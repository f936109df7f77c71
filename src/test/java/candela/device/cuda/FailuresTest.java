package candela.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import candela.device.Device;
import candela.device.Devices;
import candela.device.Memory;
import candela.device.Precision;
import candela.graph.Network;
import candela.method.Attribution;
import candela.method.Gradient;
import candela.method.Subject;
import candela.onnx.ModelBuilder;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Maps while the first, second, fourth, eighth … call of one kind fails: they are right, or there
 * is one sentence, and nothing is held once the device is closed. On the emulated card alone.
 */
@Tag("kernel")
class FailuresTest {
  /** Sizes of images that no run had before: what is chosen for them is measured. */
  private static final int LEAST = 9;

  private static final int ROOM = 24;

  /** What may fail, and how: out of memory where it takes some. */
  enum Call {
    PRIMARY_CONTEXT("cuDevicePrimaryCtxRetain", 2),
    CONTEXT("cuCtxSetCurrent", 201),
    FREE_MEMORY("cuMemGetInfo", 1),
    MEMORY("cuMemAlloc", 2),
    MEMORY_ANOTHER_FAULT("cuMemAlloc", 1),
    PINNED("cuMemAllocHost", 2),
    DOWN("cuMemcpyHtoDAsync", 1),
    UP("cuMemcpyDtoHAsync", 1),
    WITHIN("cuMemcpyDtoDAsync", 1),
    CLEAR("cuMemsetD8Async", 1),
    STREAM("cuStreamCreate", 2),
    WAIT("cuStreamSynchronize", 1),
    QUERY("cuStreamQuery", 1),
    EVENT("cuEventCreate", 2),
    RECORD("cuEventRecord", 1),
    FOLLOW("cuStreamWaitEvent", 1),
    AWAIT("cuEventSynchronize", 1),
    ELAPSED("cuEventElapsedTime", 1),
    CAPTURE("cuStreamBeginCapture", 801),
    CAPTURED("cuStreamEndCapture", 901),
    GRAPH("cuGraphInstantiate", 2),
    LAUNCH("cuGraphLaunch", 2),
    OUR_STREAM("cd_stream_create", 3),
    KERNEL("kernel", 3),
    KERNEL_MEMORY("kernel", 2),
    CUDNN("cudnnCreate", 4004),
    CUDNN_STREAM("cudnnSetStream", 2000),
    DESCRIPTOR("cudnnBackendCreateDescriptor", 4004),
    ATTRIBUTE("cudnnBackendSetAttribute", 2000),
    FINISH("cudnnBackendFinalize", 3000),
    FINISH_MEMORY("cudnnBackendFinalize", 4004),
    READ("cudnnBackendGetAttribute", 2000),
    EXECUTE("cudnnBackendExecute", 3000),
    EXECUTE_MEMORY("cudnnBackendExecute", 4004),
    CUBLAS("cublasLtCreate", 3),
    PRODUCT("cublasLtMatmulDescCreate", 3),
    PRODUCT_ATTRIBUTE("cublasLtMatmulDescSetAttribute", 7),
    LAYOUT("cublasLtMatrixLayoutCreate", 3),
    PREFERENCE("cublasLtMatmulPreferenceCreate", 3),
    HEURISTIC("cublasLtMatmulAlgoGetHeuristic", 15),
    MULTIPLY("cublasLtMatmul", 13);

    private final String name;
    private final int status;

    Call(String name, int status) {
      this.name = name;
      this.status = status;
    }
  }

  private static int runs;

  @RegisterExtension final EmulatedCard card = new EmulatedCard();

  @ParameterizedTest
  @EnumSource
  void whatFailsOnceIsToldInOneSentenceAndNothingIsLost(Call call) {
    int n = 1;
    while (run(call.name, n, call.status, false)) {
      n *= 2;
    }
    assertThat(n).as("the first of these calls that did not come").isGreaterThan(1);
  }

  /** Every call after it fails, too, as after an access to an illegal address. */
  @ParameterizedTest
  @CsvSource({
    "kernel, 3",
    "cudnnBackendExecute, 5000",
    "cublasLtMatmul, 13",
    "cuMemAlloc, 700",
    "cuGraphLaunch, 700",
    "cuMemcpyHtoDAsync, 700",
    "cuStreamSynchronize, 700",
    "cuEventSynchronize, 700"
  })
  void aBrokenCardIsToldAsWhatItIs(String name, int status) {
    int n = 1;
    while (run(name, n, status, true)) {
      n *= 3;
    }
    assertThat(n).as("the first of these calls that did not come").isGreaterThan(1);
  }

  /** Whether it came to the n-th call. */
  private boolean run(String call, int n, int status, boolean breaks) {
    int h = LEAST + runs % ROOM;
    int w = LEAST + runs / ROOM;
    Precision precision = Precision.values()[runs % Precision.values().length];
    runs++;
    String what =
        String.format(
            "%s %d gives %d%s, %d x %d in %s",
            call, n, status, breaks ? " and breaks" : "", h, w, precision);
    Network network = network(h, w);
    float[] wanted = wanted(network, h, w);
    List<Long> held = card.held();
    card.fail(call, n, status, breaks);
    CandelaException told = null;
    try (Device device = Devices.open(TestDevice.name(), 1, precision)) {
      try {
        agree(what, map(device, network, h, w), wanted, precision);
      } catch (CandelaException e) {
        told = e;
      }
      boolean came = card.failed();
      try {
        agree(what + ", then again", map(device, network, h, w), wanted, precision);
      } catch (CandelaException e) {
        if (came && !breaks) {
          // that a library refuses a shape is remembered, all else is over
          assertThat(e.getMessage()).as(what + ", then again").contains("no algorithm for");
        }
        told = told == null ? e : told;
      }
    } catch (CandelaException e) {
      told = told == null ? e : told;
    }
    boolean failed = card.failed();
    card.repair();
    if (told != null) {
      assertThat(failed).as(what + ": " + told.getMessage()).isTrue();
      assertThat(told.getMessage()).as(what).doesNotContain("\n");
      if (breaks) {
        assertThat(told.getMessage())
            .as(what)
            .doesNotContain("no engine", "no algorithm", "smaller");
      }
    }
    if (!breaks) {
      assertThat(card.held()).as("%s: held after", what).isEqualTo(held);
    }
    return failed;
  }

  private static void agree(String what, float[] got, float[] wanted, Precision precision) {
    double apart = 0;
    double all = 0;
    for (int i = 0; i < wanted.length; i++) {
      apart += Math.pow(got[i] - wanted[i], 2);
      all += Math.pow(wanted[i], 2);
    }
    double rounded = precision == Precision.FLOAT32 ? 1e-4 : 0.2;
    assertThat(Math.sqrt(apart / all)).as(what).isCloseTo(0, within(rounded));
  }

  private static float[] wanted(Network network, int h, int w) {
    try (Device cpu = Devices.open("cpu", 1)) {
      return map(cpu, network, h, w);
    }
  }

  /** Copies that are long enough to be made beside what the card is doing. */
  private static void copies(Device device) {
    float[] x = drawn(1 << 14);
    float[] y = new float[x.length];
    try (Memory memory = device.allocate(4L * x.length)) {
      for (int i = 0; i < 2; i++) {
        device.copyIn(MemorySegment.ofArray(x), memory.segment());
      }
      device.copyOutLater(memory.segment(), MemorySegment.ofArray(y)).run();
    }
    assertThat(y).isEqualTo(x);
  }

  /** Of two images, one after the other: what was recorded runs for the second. */
  private static float[] map(Device device, Network network, int h, int w) {
    Shape shape = Shape.of(3, h, w);
    float[] both = new float[2 * shape.count()];
    float[] x = drawn(both.length);
    try (Pipeline pipeline = new Pipeline(network, device, 2);
        Workspace workspace = new Workspace(device)) {
      for (int from = 0; from < both.length; from += shape.count()) {
        float[] image = Arrays.copyOfRange(x, from, from + shape.count());
        Probe<Attribution> probe = new Gradient().probe(new Subject(shape, image, 3), workspace);
        pipeline.run(List.of(probe));
        System.arraycopy(probe.result().values(), 0, both, from, shape.count());
      }
      copies(device);
      return both;
    }
  }

  /** A first layer, two branches beside each other, a product, and a layer of scores. */
  private static Network network(int h, int w) {
    ModelBuilder model = new ModelBuilder(12).input("x", -1, 3, h, w);
    model.constant("first", Shape.of(16, 3, 3, 3), drawn(16 * 27));
    model.constant("left", Shape.of(16, 16, 3, 3), drawn(16 * 16 * 9));
    model.constant("right", Shape.of(24, 16, 1, 1), drawn(24 * 16));
    model.constant("bias", Shape.of(24), drawn(24));
    model.constant("down", Shape.of(8, 40, 2, 2), drawn(8 * 40 * 4));
    model.constant("scores", Shape.of(8, 5), drawn(40));
    model.node("Conv", "x,first", "a", "pads", new int[] {1, 1, 1, 1}).node("Relu", "a", "b");
    model.node("Conv", "b,left", "c", "pads", new int[] {1, 1, 1, 1}).node("Relu", "c", "d");
    model.node("Conv", "b,right,bias", "e").node("Relu", "e", "f");
    model.node("Concat", "d,f", "g", "axis", 1);
    model.node("Conv", "g,down", "h", "strides", new int[] {2, 2}).node("Relu", "h", "i");
    model.node("GlobalAveragePool", "i", "j").node("Flatten", "j", "k");
    model.node("MatMul", "k,scores", "y");
    return Network.of(model.output("y").model());
  }

  private static float[] drawn(int n) {
    float[] x = new float[n];
    Random random = new Random(n);
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }
}
