package candela.method;

import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.function.Supplier;

/** A probe, and what is made of its result: a second one, under an ask of its own. */
final class Phased implements Probe<Attribution> {
  private Probe<Attribution> now;
  private Supplier<Probe<Attribution>> later;

  /**
   * @param later made when the first has its result, which stands until then
   */
  Phased(Probe<Attribution> first, Supplier<Probe<Attribution>> later) {
    now = first;
    this.later = later;
  }

  @Override
  public Ask ask() {
    return now.ask();
  }

  @Override
  public Shape rowShape() {
    return now.rowShape();
  }

  @Override
  public int target() {
    return now.target();
  }

  @Override
  public int size() {
    return now.size();
  }

  @Override
  public boolean isOpen() {
    return later != null;
  }

  @Override
  public int width() {
    return now.width();
  }

  @Override
  public int next(Tensor rows) {
    return now.next(rows);
  }

  @Override
  public void take(Answers answers) {
    now.take(answers);
  }

  @Override
  public boolean again() {
    if (later == null) {
      return false;
    }
    now = later.get();
    later = null;
    return true;
  }

  @Override
  public Attribution result() {
    return now.result();
  }
}
