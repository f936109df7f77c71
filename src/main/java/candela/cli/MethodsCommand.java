package candela.cli;

import candela.method.About;
import candela.method.Methods;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code candela methods}: what there is, as the methods' own documentation says. */
@Command(
    name = "methods",
    description = "List the attribution methods: parameters with defaults, cost and paper.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Rows are what the model is asked for one map. With names, all that is known of these.",
      "",
      "Examples:",
      "  candela methods",
      "  candela methods grad-cam rise"
    })
final class MethodsCommand implements Callable<Integer> {
  private static final int WIDTH = 110;

  @Parameters(paramLabel = "NAME", arity = "0..*", description = "Methods to tell all about.")
  List<String> names = List.of();

  @Override
  public Integer call() {
    PrintStream out = System.out;
    if (names.isEmpty()) {
      Methods.names().forEach(n -> print(out, n, List.of("Cost", "Source")));
    } else {
      names.forEach(
          n ->
              print(
                  out,
                  Methods.name(Methods.parse(n)),
                  List.of("Definition", "Shapes", "Parameters", "Cost", "Source", "Differences")));
    }
    return Main.OK;
  }

  private static void print(PrintStream out, String name, List<String> sections) {
    About about = About.of(Methods.parse(name));
    out.println(name);
    wrapped(out, "", about.shows());
    String usage = Methods.usage(name);
    wrapped(out, "defaults: ", usage.isEmpty() ? "no parameters" : usage);
    for (String s : sections) {
      wrapped(out, s.toLowerCase(java.util.Locale.ROOT) + ": ", about.sections().get(s));
    }
    out.println();
  }

  private static void wrapped(PrintStream out, String title, String text) {
    StringBuilder line = new StringBuilder("  " + title);
    for (String word : text.split(" ")) {
      if (line.length() + word.length() > WIDTH) {
        out.println(line.toString().stripTrailing());
        line = new StringBuilder("    ");
      }
      line.append(word).append(' ');
    }
    out.println(line.toString().stripTrailing());
  }
}
