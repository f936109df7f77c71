package candela.method;

import candela.device.Binary;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Map;

/**
 * How much the score changes with each input value, to first order.
 *
 * <p><b>Definition:</b> a = ∂f(x)/∂x.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> score, which number of the class (default logit); channels, how they become
 * one map (default max_absolute).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row.
 *
 * <p><b>Source:</b> Simonyan, Vedaldi and Zisserman 2013, section 3.
 *
 * <p><b>Differences:</b> values keep their sign; the published map, the largest absolute value over
 * channels, is what {@code channels} does. Captum takes absolute values by default.
 */
public record Gradient(ScoreKind score, Channels channels) implements Method {
  public Gradient() {
    this(ScoreKind.LOGIT, Channels.MAX_ABSOLUTE);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new One(this, subject, workspace, Rules.GRADIENT, false);
  }

  /** One row, what flows back to it, times the input where wanted. */
  static final class One extends Sampled<Attribution> {
    private final Method method;
    private final Subject subject;
    private final Workspace workspace;
    private final boolean timesInput;
    private final boolean channels;
    private Attribution found;

    One(Method method, Subject subject, Workspace workspace, Rules rules, boolean timesInput) {
      this(method, subject, workspace, rules, timesInput, workspace.wantsChannels());
    }

    /**
     * @param channels whether all are wanted, whatever the workspace is for
     */
    One(
        Method method,
        Subject subject,
        Workspace workspace,
        Rules rules,
        boolean timesInput,
        boolean channels) {
      super(Ask.backward(method.score(), "", rules), subject.shape(), subject.target(), 1);
      this.method = method;
      this.subject = subject;
      this.workspace = workspace;
      this.timesInput = timesInput;
      this.channels = channels;
    }

    @Override
    protected void fill(int first, Tensor rows) {
      workspace.device().write(rows.rows(0, 1), subject.pixels());
    }

    @Override
    protected void add(int first, Answers answers) {
      Tensor a = timesInput ? product(answers) : answers.gradients();
      Shape shape = subject.image();
      if (channels) {
        Tensor map = workspace.unset(Shape.of(shape.count(1, 3)));
        found = Attribution.read(workspace, shape, a, method.channels(), Map.of(), true, map);
      } else {
        Attribution.readLater(
            workspace, shape, a, method.channels(), Map.of(), answers, f -> found = f);
      }
    }

    private Tensor product(Answers answers) {
      Tensor y = workspace.unset(answers.gradients().shape());
      int[] dims = {y.count()};
      int[] strides = {1};
      workspace
          .device()
          .kernels()
          .broadcast()
          .binaryForward(
              Binary.MUL,
              1,
              dims,
              strides,
              strides,
              answers.gradients().data(),
              answers.values().data(),
              y.data());
      return y;
    }

    @Override
    public Attribution result() {
      if (found == null) {
        float[] zeros = new float[subject.pixels().length];
        return new Attribution(subject.image(), zeros, method.channels(), Map.of());
      }
      return found;
    }
  }
}
