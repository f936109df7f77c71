package candela.cli;

import candela.method.Method;
import candela.method.Methods;
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
  @Parameters(paramLabel = "NAME", arity = "0..*", description = "Methods to tell all about.")
  List<String> names = List.of();

  @Override
  public Integer call() {
    var listing = new Listing(System.out);
    List<String> sections = names.isEmpty() ? Listing.SHORT : Listing.ALL;
    for (String n : names.isEmpty() ? Methods.names() : names) {
      Method method = Methods.parse(n);
      String name = Methods.name(method);
      listing.print(name, method.getClass(), List.of(), Methods.usage(name), sections);
    }
    return Main.OK;
  }
}
