package candela.method;

import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;

/** How much the score falls in each row but the first, which is the image itself. */
abstract class Drops extends Sampled<Attribution> {
  protected final Workspace workspace;
  protected final Shape image;

  /** f(x) − f(row), by row after the first. */
  protected final double[] drop;

  protected double score;

  /**
   * @param rows those after the first
   */
  Drops(Method method, Subject subject, Workspace workspace, int rows) {
    super(Ask.score(method.score()), subject.shape(), subject.target(), rows + 1);
    this.workspace = workspace;
    image = subject.image();
    drop = new double[rows];
    know(0, workspace.asked(subject.pixels(), ask(), target()));
  }

  @Override
  protected final void add(int first, Answers answers) {
    answers.scoresLater(
        s -> {
          for (int i = 0; i < s.length; i++) {
            if (first + i == 0) {
              score = s[0];
            } else {
              drop[first + i - 1] = score - s[i];
            }
          }
        });
  }
}
