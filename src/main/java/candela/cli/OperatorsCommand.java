package candela.cli;

import candela.graph.Operators;
import candela.onnx.Compositions;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code candela operators}: what a model may be made of. */
@Command(
    name = "operators",
    description = "List the operators that models may have.",
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  candela operators"})
final class OperatorsCommand implements Callable<Integer> {
  private static final int WIDTH = 100;

  @Override
  public Integer call() {
    print(
        "ONNX's, with the first opset of each; opsets 1 to 6 are read as opset 7 has them:",
        Operators.names().stream().map(n -> n + " " + Operators.since(n)).toList());
    print("where shapes and constants decide what they do:", Operators.decided());
    print(
        "put together from these, of ONNX and of ONNX Runtime (com.microsoft):",
        Compositions.names().stream().filter(n -> !Operators.names().contains(n)).toList());
    return Main.OK;
  }

  /** In columns as wide as the longest. */
  private static void print(String title, List<String> names) {
    System.out.println(title);
    int width = 2 + names.stream().mapToInt(String::length).max().orElseThrow();
    int columns = WIDTH / width;
    for (int i = 0; i < names.size(); i += columns) {
      var line = new StringBuilder();
      for (String n : names.subList(i, Math.min(i + columns, names.size()))) {
        line.append(String.format("  %-" + (width - 2) + "s", n));
      }
      System.out.println(line.toString().stripTrailing());
    }
    System.out.println();
  }
}
