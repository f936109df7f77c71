package candela.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One engine, network and kind of work at a time; the time is that of a whole batch. Comparisons
 * belong to {@link SideBySide}, which takes turns; this one is for following a single engine.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 3)
@Fork(1)
public class NetworkBenchmark {
  @Param({"squeezenet1.1", "resnet50", "googlenet", "vgg19"})
  public String network;

  @Param({"forward", "gradient"})
  public String work;

  @Param({"candela"})
  public String engine;

  @Param("16")
  public int batch;

  @Param("2")
  public int threads;

  private Engine open;
  private Runnable call;

  @Setup
  public void open() throws IOException {
    Path published = Engines.home().resolve("../../shared/models/squeezenet1.1.onnx");
    Path file = Networks.file(network, Engines.home().resolve("target/models"), published);
    open = Engines.open(engine, Setting.of(file, batch, threads));
    call = work.equals("forward") ? open::forward : open::gradient;
  }

  @TearDown
  public void close() {
    open.close();
  }

  @Benchmark
  public void run() {
    call.run();
  }
}
