package candela.roar;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Results in the order in which they came, and their means over the restarts. For one thread. */
public final class Results {
  private final List<Result> all = new ArrayList<>();

  public Results() {}

  public Results(List<Result> all) {
    this.all.addAll(all);
  }

  public void add(Result result) {
    all.add(result);
  }

  public List<Result> all() {
    return Collections.unmodifiableList(all);
  }

  /** Those of some trainings, in their order. */
  public Results of(List<Training> trainings) {
    return new Results(
        trainings.stream().flatMap(t -> all.stream().filter(r -> r.training().equals(t))).toList());
  }

  /** Whether there is one of this training. */
  public boolean have(Training training) {
    return all.stream().anyMatch(r -> r.training().equals(training));
  }

  /** SHA-256 of the model that is explained; null where there is none yet. */
  String model() {
    return all.stream()
        .filter(r -> r.training().equals(Training.UNCHANGED))
        .map(Result::model)
        .findFirst()
        .orElse(null);
  }

  private double[] accuracies(String method, double fraction) {
    return all.stream()
        .filter(r -> r.training().method().equals(method) && r.training().fraction() == fraction)
        .mapToDouble(Result::accuracy)
        .toArray();
  }

  /** Of the model that is explained; NaN where it is not known yet. */
  public double unchanged() {
    return mean(Training.UNCHANGED.method(), Training.UNCHANGED.fraction());
  }

  /**
   * Of the accuracies there are; NaN where there are none.
   *
   * @param method its {@link RoarSettings#key}
   */
  public double mean(String method, double fraction) {
    double sum = 0;
    double[] values = accuracies(method, fraction);
    for (double v : values) {
      sum += v;
    }
    return sum / values.length;
  }

  /** Sample standard deviation of the accuracies; NaN of fewer than two. */
  public double deviation(String method, double fraction) {
    double[] values = accuracies(method, fraction);
    double mean = mean(method, fraction);
    double sum = 0;
    for (double v : values) {
      sum += (v - mean) * (v - mean);
    }
    return values.length < 2 ? Double.NaN : Math.sqrt(sum / (values.length - 1));
  }
}
