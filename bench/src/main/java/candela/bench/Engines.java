package candela.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The engines by the names that options and parameters use. */
final class Engines {
  static final String CANDELA = "candela";
  static final String ONNX_RUNTIME = "onnxruntime";

  private Engines() {}

  static Engine open(String name, Setting setting) {
    return switch (name) {
      case CANDELA -> new CandelaEngine(setting);
      case ONNX_RUNTIME -> new OnnxRuntimeEngine(setting);
      case "pytorch" -> new TorchEngine(setting, false);
      case "pytorch-nhwc" -> new TorchEngine(setting, true);
      case "python" -> new PythonEngine(setting, python(), script(), false);
      case "python-nhwc" -> new PythonEngine(setting, python(), script(), true);
      case "timm" -> new PythonEngine(setting, python(), Timm.script(), false);
      case "timm-nhwc" -> new PythonEngine(setting, python(), Timm.script(), true);
      default ->
          throw new IllegalArgumentException(
              "engine '"
                  + name
                  + "': expected one of "
                  + String.join(", ", names(true))
                  + ", timm, timm-nhwc");
    };
  }

  /** All that can run a network here. */
  static List<String> names(String network) {
    return Timm.isTimm(network)
        ? List.of(CANDELA, ONNX_RUNTIME, "timm", "timm-nhwc")
        : names(pythonHasTorch());
  }

  private static List<String> names(boolean withPython) {
    List<String> names = new ArrayList<>(List.of(CANDELA, ONNX_RUNTIME, "pytorch", "pytorch-nhwc"));
    if (withPython) {
      names.addAll(List.of("python", "python-nhwc"));
    }
    return names;
  }

  /** Whether there is a Python with PyTorch and the onnx package, so that the last two can run. */
  static boolean pythonHasTorch() {
    try {
      Process process =
          new ProcessBuilder(python().toString(), "-c", "import torch, onnx, numpy")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** The folder of the benchmarks: where bench/run says, else the working directory. */
  static Path home() {
    return Path.of(System.getProperty("candela.bench", "."));
  }

  static Path python() {
    return Path.of(System.getenv().getOrDefault("CANDELA_BENCH_PYTHON", "python3"));
  }

  private static Path script() {
    return home().resolve("peers/torch_cpu.py");
  }
}
