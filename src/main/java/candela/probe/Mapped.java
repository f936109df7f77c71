package candela.probe;

import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;
import java.util.function.Function;

/**
 * A probe of which something else is wanted than it finds.
 *
 * @param of makes it of the result
 */
public record Mapped<T, R>(Probe<T> probe, Function<T, R> of) implements Probe<R> {
  @Override
  public Ask ask() {
    return probe.ask();
  }

  @Override
  public Shape rowShape() {
    return probe.rowShape();
  }

  @Override
  public int target() {
    return probe.target();
  }

  @Override
  public int size() {
    return probe.size();
  }

  @Override
  public List<Probe<?>> inTurn() {
    List<Probe<?>> parts = probe.inTurn();
    return parts.size() == 1 ? List.of(this) : parts;
  }

  @Override
  public boolean isOpen() {
    return probe.isOpen();
  }

  @Override
  public int width() {
    return probe.width();
  }

  @Override
  public Occluded occluded() {
    return probe.occluded();
  }

  @Override
  public int next(Tensor rows) {
    return probe.next(rows);
  }

  @Override
  public void take(Answers answers) {
    probe.take(answers);
  }

  @Override
  public boolean again() {
    return probe.again();
  }

  @Override
  public R result() {
    return of.apply(probe.result());
  }
}
