package candela.probe;

import candela.graph.ScoreKind;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/** Probes that are asked one after another, and what comes of all of them; of none, at once. */
public final class InTurn<R> implements Probe<R> {
  private final int target;
  private final List<Probe<?>> parts;
  private final Supplier<R> result;
  private int at;

  /**
   * @param target where there are no parts
   * @param result read when all are through, or before
   */
  public InTurn(int target, List<Probe<?>> parts, Supplier<R> result) {
    this.target = target;
    this.parts = List.copyOf(parts);
    this.result = result;
  }

  @Override
  public List<Probe<?>> inTurn() {
    return parts.stream().flatMap(p -> p.inTurn().stream()).toList();
  }

  @Override
  public boolean isOpen() {
    return parts.stream().anyMatch(Probe::isOpen);
  }

  @Override
  public Ask ask() {
    return parts.isEmpty() ? Ask.score(ScoreKind.LOGIT) : parts.get(at).ask();
  }

  @Override
  public Shape rowShape() {
    return parts.isEmpty() ? null : parts.get(at).rowShape();
  }

  @Override
  public int target() {
    return parts.isEmpty() ? target : parts.get(at).target();
  }

  @Override
  public int size() {
    return parts.isEmpty() ? 0 : parts.get(at).size();
  }

  @Override
  public int width() {
    return parts.isEmpty() ? 0 : parts.get(at).width();
  }

  @Override
  public Occluded occluded() {
    return parts.isEmpty() ? null : parts.get(at).occluded();
  }

  @Override
  public int next(Tensor rows) {
    return parts.isEmpty() ? 0 : parts.get(at).next(rows);
  }

  @Override
  public void take(Answers answers) {
    parts.get(at).take(answers);
  }

  @Override
  public boolean again() {
    if (parts.isEmpty()) {
      return false;
    }
    if (parts.get(at).again()) {
      return true;
    }
    if (at + 1 == parts.size()) {
      return false;
    }
    at++;
    return true;
  }

  @Override
  public R result() {
    return result.get();
  }
}
