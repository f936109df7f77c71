package candela.cli;

import candela.device.Device;
import candela.graph.Network;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Trial;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The methods of a run that have a meaning for all of its models, and why the others, which are
 * told, have none.
 */
record Suited(List<Method> methods, Map<Method, String> leftOut) {
  /** Of one method alone the run itself tells what is wrong. */
  static Suited of(
      List<Method> methods,
      List<Network> networks,
      Preparation preparation,
      Device device,
      String output) {
    Map<Method, String> leftOut = new LinkedHashMap<>();
    if (methods.size() > 1) {
      for (Network n : networks) {
        Trial.unsuited(methods, n, preparation, device, output).forEach(leftOut::putIfAbsent);
      }
    }
    leftOut.values().forEach(Suited::tell);
    return new Suited(methods.stream().filter(m -> !leftOut.containsKey(m)).toList(), leftOut);
  }

  static void tell(String reason) {
    System.err.println("candela: left out: " + Main.oneLine(reason));
  }

  /** For provenance. */
  List<Object> reasons() {
    List<Object> reasons = new ArrayList<>();
    leftOut.forEach(
        (m, why) ->
            reasons.add(
                Provenance.ordered(
                    "method",
                    Methods.name(m),
                    "parameters",
                    Methods.parameters(m),
                    "reason",
                    why)));
    return reasons;
  }
}
