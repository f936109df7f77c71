package candela.cli;

import candela.device.Device;
import candela.graph.Graph;
import candela.graph.MemoryReport;
import candela.graph.Network;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.graph.Value;
import candela.graph.op.Activation;
import candela.graph.op.Conv;
import candela.graph.op.ConvConcat;
import candela.graph.op.ConvTranspose;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.Product;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela describe}: the graph as it runs. */
@Command(
    name = "describe",
    description = "Print what a model is made of, what it costs, and what runs each part.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "The graph is printed as it runs: constants folded, batch norms and activations fused,"
          + " images",
      "channels-last. FLOPs count a multiply-add as two, for one image. Values, gradients and"
          + " scratch",
      "share one block, so that all takes less than their sum. Views (backend -) run nothing.",
      "",
      "Example:",
      "  candela describe squeezenet1.1.onnx --batch 16"
    })
final class Describe implements Callable<Integer> {
  @Parameters(paramLabel = "MODEL", description = "ONNX file.")
  Path model;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Rows that memory is planned for. Default: ${DEFAULT-VALUE}.")
  int batch = 1;

  @Mixin InputShape inputShape;

  @Mixin Machine machine;

  @Override
  public Integer call() {
    Batch.check(batch);
    Network network = inputShape.load(model);
    PrintStream out = System.out;
    Graph graph = network.graph(1, SessionOptions.GRADIENT);
    try (Device device = machine.open()) {
      nodes(graph, device, out);
      out.println();
      out.printf("model       %s%n", about(network.model()));
      String type = network.inputType().isFloating() ? "" : " of " + network.inputType();
      out.printf("inputs      %s%s%n", shapes(graph.inputs()), type);
      out.printf("outputs     %s%n", shapes(graph.outputs()));
      network
          .features()
          .ifPresent(f -> out.printf("features    %s: where CAMs look without layer=%n", f));
      out.printf(
          "parameters  %,d in %s of %s; %,d in the file%n",
          parameters(graph),
          Words.counted(graph.nodes().size(), "operator"),
          Words.counted(kinds(graph), "kind"),
          inFile(network.model()));
      long flops = graph.nodes().stream().mapToLong(Describe::flops).sum();
      out.printf(
          "cost        %s FLOP an image forward, %s multiply-adds%n",
          number(flops), number(flops / 2));
      out.printf(
          "device      %s: %s, threads %d%n", device.name(), device.describe(), device.threads());
      out.println();
      memory(network, device, out);
    }
    return Main.OK;
  }

  private static String about(OnnxModel m) {
    String by = m.producer().isEmpty() ? "" : ", by " + m.producer();
    return m.name() + ", opset " + m.opset() + by;
  }

  private static long inFile(OnnxModel m) {
    return m.initialisers().values().stream()
        .filter(t -> !t.isInteger())
        .mapToLong(t -> t.shape().count())
        .sum();
  }

  private static void nodes(Graph graph, Device device, PrintStream out) {
    Table table =
        new Table("llllrrl", "node", "operator", "input", "output", "params", "FLOP", "backend");
    for (Node n : graph.nodes()) {
      List<Value> read = n.inputs().stream().filter(v -> v != null && !v.isConstant()).toList();
      table.add(
          brief(n.name()),
          operator(n.op()),
          brief(
              read.stream()
                  .map(v -> v.shape().toString())
                  .distinct()
                  .collect(Collectors.joining(" "))),
          brief(
              n.outputs().stream().map(v -> v.shape().toString()).collect(Collectors.joining(" "))),
          number(parameters(List.of(n))),
          number(flops(n)),
          backend(n, device));
    }
    table.print(out);
  }

  /** Its name with what was fused into it. */
  private static String operator(Op op) {
    return switch (op) {
      case Conv c -> c.type() + (c.residual() ? "+Add" : "") + activation(c.activation());
      case Matrix m -> m.type() + activation(m.activation());
      default -> op.type();
    };
  }

  private static String activation(Activation a) {
    return switch (a.kind()) {
      case NONE -> "";
      case RELU -> "+Relu";
      case CLIP -> "+Clip";
      case LEAKY -> "+LeakyRelu";
    };
  }

  /** Views run nothing. */
  private static long flops(Node n) {
    return n.op().isView() ? 0 : n.op().flops(n);
  }

  /** Convolutions and matrix products are the dense library's; views run nothing. */
  private static String backend(Node n, Device device) {
    if (n.op().isView()) {
      return "-";
    }
    boolean dense =
        n.op() instanceof Conv
            || n.op() instanceof ConvConcat
            || n.op() instanceof ConvTranspose
            || n.op() instanceof MatMul
            || n.op() instanceof Matrix
            || n.op() instanceof Product;
    String library = device.name().equals("cpu") ? "oneDNN" : "cuDNN";
    return dense ? library : "kernels";
  }

  /** What sessions for {@link #batch} rows take; a model without gradients has one line. */
  private void memory(Network network, Device device, PrintStream out) {
    Table table =
        new Table(
            "lrrrrrr",
            "memory, batch " + batch,
            "in all",
            "weights",
            "values",
            "for backward",
            "gradients",
            "scratch");
    String none = null;
    for (boolean gradient : new boolean[] {false, true}) {
      SessionOptions options = gradient ? SessionOptions.GRADIENT : SessionOptions.FORWARD;
      try (Session session = network.session(device, batch, options)) {
        MemoryReport m = session.memory();
        table.add(
            gradient ? "forward and gradient" : "forward",
            bytes(m.bytes()),
            bytes(m.constants()),
            bytes(m.values()),
            bytes(m.kept()),
            bytes(m.gradients()),
            bytes(m.scratch()));
      } catch (CandelaException e) {
        if (!gradient) {
          throw e;
        }
        none = Main.sentence(e);
      }
    }
    table.print(out);
    if (none != null) {
      out.println("  no gradient: " + none);
    }
  }

  private static String shapes(List<Value> values) {
    return values.stream().map(Value::toString).collect(Collectors.joining(", "));
  }

  private static long kinds(Graph graph) {
    return graph.nodes().stream().map(n -> n.op().type()).distinct().count();
  }

  private static long parameters(Graph graph) {
    return parameters(graph.nodes());
  }

  /** Elements of the constants that these nodes read, shared ones once. */
  private static long parameters(List<Node> nodes) {
    Set<Value> constants = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node n : nodes) {
      for (Value v : n.inputs()) {
        if (v != null && v.isConstant() && !v.integer()) {
          constants.add(v);
        }
      }
    }
    return constants.stream().mapToLong(v -> v.shape().count()).sum();
  }

  private static String brief(String name) {
    return name.length() <= 40 ? name : "…" + name.substring(name.length() - 39);
  }

  /** 1234567 as 1.23 M. */
  static String number(long n) {
    if (n < 10_000) {
      return Long.toString(n);
    }
    String[] units = {"k", "M", "G", "T"};
    double v = n / 1e3;
    int u = 0;
    while (v >= 999.5 && u < units.length - 1) {
      v /= 1e3;
      u++;
    }
    return String.format(
        Locale.ROOT, v < 10 ? "%.2f %s" : v < 100 ? "%.1f %s" : "%.0f %s", v, units[u]);
  }

  static String bytes(long n) {
    return n < 1 << 20
        ? String.format(Locale.ROOT, "%.1f KiB", n / 1024.0)
        : String.format(Locale.ROOT, "%.1f MiB", n / 1048576.0);
  }
}
