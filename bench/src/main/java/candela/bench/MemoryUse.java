package candela.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Memory of one engine in a process of its own: how far the anonymous resident memory (so without
 * mapped files) rises by opening the engine, and how far the peak of the resident memory rises
 * above that in each kind of work.
 */
public final class MemoryUse {
  private MemoryUse() {}

  /** Runs {@link #main} in a new process with this one's flags. */
  static String measure(String engine, Setting setting) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), MemoryUse.class.getName()));
    command.addAll(List.of(engine, setting.model().toString()));
    command.addAll(List.of("" + setting.batch(), "" + setting.threads()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    // What is freed must go back at once, or a peak would hide in it.
    builder.environment().keySet().removeIf(name -> name.startsWith("MALLOC_"));
    Process process = builder.start();
    String last = "failed";
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        last = line;
      }
    }
    return process.waitFor() == 0 ? last : "failed";
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    int batch = Integer.parseInt(arguments[2]);
    int threads = Integer.parseInt(arguments[3]);
    Setting setting = Setting.of(Path.of(arguments[1]), batch, threads);
    long before = value("self", "RssAnon:");
    try (Engine engine = Engines.open(arguments[0], setting)) {
      collect();
      boolean own = !(engine instanceof PythonEngine);
      String process = engine instanceof PythonEngine p ? Long.toString(p.pid()) : "self";
      long opened = value(process, "RssAnon:") - (own ? before : 0);
      long resident = value(process, "VmRSS:");
      long forward = peak(process, engine::forward) - resident;
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %d | %s | %s |%n",
          engine.name(),
          opened,
          forward,
          engine.differentiates() ? peak(process, engine::gradient) - resident : "",
          engine.memory());
    }
  }

  /** Buffers outside the heap go with their objects, a moment after the collector found them. */
  private static void collect() throws InterruptedException {
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(200);
    }
  }

  private static long peak(String process, Runnable work) throws IOException {
    // "5" starts the peak anew from what is resident.
    Files.writeString(Path.of("/proc", process, "clear_refs"), "5");
    work.run();
    return value(process, "VmHWM:");
  }

  /** MiB */
  private static long value(String process, String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc", process, "status"))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
      }
    }
    throw new IOException("/proc/" + process + "/status: no " + key);
  }
}
