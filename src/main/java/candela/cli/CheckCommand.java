package candela.cli;

import candela.device.Device;
import candela.device.Devices;
import candela.device.PlainCheck;
import candela.device.cuda.KernelCheck;
import candela.graph.Difference;
import candela.graph.LockStep;
import candela.graph.Network;
import candela.study.Shipped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela check}: whether a device computes what the CPU does. */
@Command(
    name = "check",
    description =
        "Hold a device against plain Java and the CPU: kernels, and every node of models.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "A kernel or two of each family are held against plain Java, on a card all kernels against",
      "the CPU's. Every node runs on both devices with the CPU's inputs, forward and back. Allowed",
      "are relative differences (L2) of 1e-5, of nodes that multiply in TF32 2e-3, in bf16 1.6e-2,",
      "of values held in bf16 on both 4e-3, in fp16 5e-4.",
      "With --device cpu one thread is held against all, and every bit must be the same. Without",
      "models, those that come with Candela.",
      "",
      "Examples:",
      "  candela check --device cuda:0",
      "  candela check --device cuda:0 resnet50.onnx --precision float32"
    })
final class CheckCommand implements Callable<Integer> {
  @Parameters(paramLabel = "MODEL", arity = "0..*", description = "ONNX files.")
  List<Path> models = new ArrayList<>();

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Rows of a batch. Default: ${DEFAULT-VALUE}.")
  int batch = 2;

  @Mixin InputShape inputShape;

  @Mixin Machine machine;

  @Override
  public Integer call() throws IOException {
    Batch.check(batch);
    boolean agree = true;
    try (Device tested = machine.open();
        Device reference = Devices.open("cpu", tested.readsHost() ? 1 : machine.threads)) {
      System.out.println(tested.name() + "  " + tested.describe() + ", " + tested.precision());
      agree = plain(tested);
      if (!tested.readsHost()) {
        agree &= kernels(tested);
      }
      for (Path model : models) {
        agree &= check(inputShape.load(model), reference, tested);
      }
      if (models.isEmpty()) {
        agree &= shipped(reference, tested);
      }
    }
    return agree ? Main.OK : Main.PARTIAL;
  }

  private boolean shipped(Device reference, Device tested) throws IOException {
    boolean agree = true;
    Path folder = Files.createTempDirectory("candela-check");
    try {
      for (String name : Shipped.MODELS) {
        Path file = Shipped.model(name, folder);
        agree &= check(Network.load(file), reference, tested);
        Files.delete(file);
      }
    } finally {
      try (var files = Files.list(folder)) {
        files.forEach(file -> file.toFile().delete());
      }
      Files.delete(folder);
    }
    return agree;
  }

  private static boolean plain(Device tested) {
    List<String> faults = new ArrayList<>();
    PlainCheck.run(tested, faults::add);
    if (!faults.isEmpty()) {
      System.out.println("kernels: " + faults.getFirst());
    }
    System.out.printf(
        "kernels: %d against plain Java, %s%n",
        PlainCheck.count(), faults.isEmpty() ? "all agree" : faults.size() + " differ");
    return faults.isEmpty();
  }

  private static boolean kernels(Device tested) {
    if (!KernelCheck.isThere()) {
      System.out.println("kernels: the others were not checked, candela_kernels is not installed");
      return true;
    }
    List<String> lines = new ArrayList<>();
    boolean agree = KernelCheck.run(tested.name(), lines::add);
    if (!agree && lines.size() > 1) {
      System.out.println("kernels: " + lines.getFirst());
    }
    System.out.println("kernels: " + (lines.isEmpty() ? "no answer" : lines.getLast()));
    return agree;
  }

  private boolean check(Network network, Device reference, Device tested) {
    List<String> faults = new ArrayList<>();
    LockStep.Outcome o;
    try (Console console = new Console(network.name(), "node runs")) {
      var watch =
          new LockStep.Watch() {
            @Override
            public void at(int done, int all) {
              console.at(done, all);
            }

            @Override
            public void fault(String sentence) {
              faults.add(sentence);
            }
          };
      o = LockStep.run(network, batch, reference, tested, watch);
    }
    if (!faults.isEmpty()) {
      System.out.println(network.name() + ": " + faults.getFirst());
    }
    Difference largest = o.largest();
    System.out.printf(
        Locale.ROOT,
        "%s: %d nodes forward, %d back, %s; largest difference %s; %.1f s, cpu %.1f s%n",
        network.name(),
        o.forward(),
        o.backward(),
        faults.isEmpty() ? "all agree" : faults.size() + " results differ",
        largest == null
            ? "none"
            : String.format(Locale.ROOT, "%.2g (%s)", largest.relative(), largest.where()),
        o.testedSeconds(),
        o.referenceSeconds());
    return faults.isEmpty();
  }
}
