package candela.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import candela.CpuTime;
import candela.onnx.proto.ModelProto;
import candela.tensor.CandelaException;
import com.google.protobuf.InvalidProtocolBufferException;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Reads damaged models; whatever comes must be a model or a {@link CandelaException}, soon and in
 * little memory.
 */
public final class Fuzz {
  private static final long SEED = Long.getLong("fuzz.seed", 20_261_124);

  /**
   * int64 from varints of one byte takes 8 bytes, its copy 8 more; objects take most in small
   * files.
   */
  private static final long BYTES_PER_BYTE = 64;

  private static final long BYTES_AT_LEAST = 8 << 20;
  private static final long NANOS = 5_000_000_000L;

  private static final String[] FILES = {
    "mnist-cntk.onnx",
    "light/light_squeezenet.onnx",
    "light/light_bvlc_alexnet.onnx",
    "cifar10/mlperf_resnet8.onnx",
    "cifar10/resnet20_folded.onnx",
  };

  /** How many came out as models and how many were refused. */
  public record Outcome(int models, int refused) {}

  private Fuzz() {}

  /**
   * Mutates, reads and uses; more with {@code -Dfuzz.models=100000 -Dfuzz.seed=7}.
   *
   * @param use may throw CandelaException only; it is given every model that could be read
   */
  public static Outcome run(Path folder, int usually, Consumer<OnnxModel> use) throws IOException {
    int mutations = Integer.getInteger("fuzz.models", usually);
    List<byte[]> originals = originals();
    var random = new Random(SEED);
    var mutate = new Mutate(random);
    var memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    OnnxModel.read(Models.write(folder, Models.tiny().build())); // class loading is not counted
    int models = 0;
    for (int i = 0; i < mutations; i++) {
      byte[] bytes = mutate.apply(originals.get(i % originals.size()), originals);
      Path file = Models.write(folder.resolve("model.onnx"), bytes);
      long allocated = memory.getCurrentThreadAllocatedBytes();
      long start = CpuTime.nanos();
      try {
        OnnxModel model = OnnxModel.read(file);
        long taken = memory.getCurrentThreadAllocatedBytes() - allocated;
        assertThat(taken)
            .as("bytes allocated for a file of %d, mutation %d", bytes.length, i)
            .isLessThan(BYTES_AT_LEAST + BYTES_PER_BYTE * bytes.length);
        use.accept(model);
        models++;
      } catch (CandelaException e) {
        assertThat(e.getMessage()).as("mutation %d", i).isNotBlank().hasSizeLessThan(2000);
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        throw new AssertionError("mutation " + i + " of seed " + SEED, e);
      }
      assertThat(CpuTime.nanos() - start).as("ns, mutation %d", i).isLessThan(NANOS);
    }
    return new Outcome(models, mutations - models);
  }

  private static List<byte[]> originals() throws IOException {
    var originals = new ArrayList<byte[]>();
    originals.add(Models.tiny().build().toByteArray());
    for (String name : FILES) {
      Path path = Path.of("../shared/models").resolve(name);
      if (Files.exists(path)) {
        originals.add(Files.readAllBytes(path));
      }
    }
    return originals;
  }

  static ModelProto parse(byte[] model) {
    try {
      return ModelProto.parseFrom(model);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
