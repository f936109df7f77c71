package candela.study;

import candela.device.Device;
import candela.device.OutOfMemory;
import candela.graph.Unsuited;
import candela.method.Gradient;
import candela.method.Method;
import candela.method.Subject;
import candela.method.Trial;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.metric.Similarities;
import candela.probe.Ask;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What of a study is run for each of its models: the plan without the methods that have no meaning
 * for it, and the metrics that have.
 *
 * @param plans by model
 * @param leftOut in the order of models and methods
 * @param unmeasured by model, metrics that look at a value which it does not have, and why
 */
public record Plans(
    Map<Model, Plan> plans,
    List<LeftOut> leftOut,
    Map<Model, Map<Study.Measure<Metric>, String>> unmeasured) {
  /**
   * A method that has no map under a model.
   *
   * @param method its index in the plan
   * @param reason one sentence, which names the method
   */
  public record LeftOut(String model, int method, String reason) {}

  /**
   * Asks each model a few rows.
   *
   * @throws CandelaException where a parameter does not fit a model's images, naming the model
   */
  public static Plans of(Study study, Plan plan, List<Model> models, Device device) {
    List<Method> methods = plan.runs().stream().map(Run::method).toList();
    Map<Model, Plan> plans = new LinkedHashMap<>();
    List<LeftOut> leftOut = new ArrayList<>();
    Map<Model, Map<Study.Measure<Metric>, String>> unmeasured = new LinkedHashMap<>();
    for (Model m : models) {
      Map<Method, String> reasons = unsuited(methods, m, device);
      plans.put(m, plan.without(reasons.keySet()));
      boolean none = plans.get(m).runs().isEmpty();
      unmeasured.put(
          m, none ? Map.of() : CandelaException.at(m.name(), () -> unmeasured(study, m, device)));
      for (int i = 0; i < plan.methods().size(); i++) {
        String reason = reasons.get(plan.runs().get(plan.given().get(i)).method());
        if (reason != null) {
          leftOut.add(new LeftOut(m.name(), i, reason));
        }
      }
    }
    return new Plans(
        Collections.unmodifiableMap(plans),
        List.copyOf(leftOut),
        Collections.unmodifiableMap(unmeasured));
  }

  private static Map<Method, String> unsuited(List<Method> methods, Model m, Device device) {
    return CandelaException.at(
        m.name(), () -> Trial.unsuited(methods, m.network(), m.preparation(), device, m.output()));
  }

  /**
   * Metrics that look at a value of the model which is not there, and why they have no number.
   *
   * @throws CandelaException where a parameter does not fit the model's images
   */
  private static Map<Study.Measure<Metric>, String> unmeasured(
      Study study, Model model, Device device) {
    Map<Study.Measure<Metric>, String> reasons = new LinkedHashMap<>();
    Subject grey = Estimate.grey(model);
    Explained any = Estimate.flat(grey, Estimate.dot(grey), new Gradient());
    try (var pipeline = new Pipeline(model.network(), device, Trial.ROWS, model.output())) {
      for (Study.Measure<Metric> m : study.metrics()) {
        // of its own: what two metrics have in common only the first one would ask
        try (var workspace = new Workspace(device)) {
          for (Probe<?> p : m.of().probe(any, workspace).inTurn()) {
            if (p.size() > 0 && looksInside(p.ask())) {
              pipeline.run(List.of(p), (_, _) -> false);
            }
          }
        } catch (Unsuited e) {
          reasons.put(m, e.getMessage());
        } catch (OutOfMemory e) {
          // the run tells it, with what else it has then
        }
      }
    }
    return reasons;
  }

  private static boolean looksInside(Ask ask) {
    return ask.wantsGradient() && !ask.at().isEmpty();
  }

  /**
   * Refuses parameters that do not fit the model's images, before hours are spent.
   *
   * @throws CandelaException naming the model
   */
  public static void check(Study study, Plan plan, Model model, Device device) {
    try {
      Estimate.sizes(plan, Estimate.grey(model), device);
      Estimate.judging(study, plan.mapped(), model, device, Estimate.asked(device));
      Shape image = model.preparation().shape();
      study.similarities().forEach(s -> Similarities.check(s.of(), image.dim(1), image.dim(2)));
    } catch (CandelaException e) {
      throw new CandelaException(model.name() + ": " + e.getMessage(), e);
    }
  }

  public Plan of(Model model) {
    return plans.get(model);
  }

  /** The study with the metrics that have a meaning for a model. */
  public Study of(Study study, Model model) {
    return study.judgedBy(
        study.metrics().stream().filter(m -> !unmeasured.get(model).containsKey(m)).toList());
  }

  /** Whether nothing is left out. */
  public boolean isWhole() {
    return leftOut.isEmpty() && unmeasured.values().stream().allMatch(Map::isEmpty);
  }

  /** Those that some method has a meaning for. */
  public List<Model> models() {
    return plans.keySet().stream().filter(m -> !of(m).runs().isEmpty()).toList();
  }
}
