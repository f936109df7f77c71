package candela.method;

import candela.probe.Ask;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Tensor;

/** The image as it is, asked once. */
abstract class OneRow extends Sampled<Attribution> {
  private final Workspace workspace;
  private final Tensor x;

  OneRow(Ask ask, Subject subject, Workspace workspace) {
    super(ask, subject.shape(), subject.target(), 1);
    this.workspace = workspace;
    x = workspace.tensor(subject.shape(), subject.pixels());
  }

  @Override
  protected final void fill(int first, Tensor rows) {
    workspace.repeat(x, rows);
  }
}
