package candela.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import candela.method.SmoothGrad;
import candela.method.Subject;

/**
 * Captum's NoiseTunnel over Saliency: batches of noisy copies, the gradient of their logits, added
 * up.
 */
final class TorchSmoothGrad implements TorchMethod {
  private final TorchModel model;
  private final SmoothGrad method;
  private final int batch;
  private final Subject subject;
  private final NDManager own;
  private final NDArray x;
  private final float sigma;

  TorchSmoothGrad(TorchModel model, SmoothGrad method, Subject subject, int batch) {
    this.model = model;
    this.method = method;
    this.subject = subject;
    this.batch = batch;
    own = model.scope();
    Shape shape = new Shape(1, 3, Setting.SIZE, Setting.SIZE);
    x = model.layout(own.create(subject.pixels(), shape));
    sigma = (float) (method.spread() * subject.range());
  }

  @Override
  public int loop() {
    return method.samples();
  }

  @Override
  public float[] map(int rows) {
    try (NDArray sum = own.zeros(x.getShape())) {
      for (int at = 0; at < rows; at += batch) {
        int n = Math.min(batch, rows - at);
        try (NDManager scope = model.scope()) {
          NDArray noise = model.normal(scope, sigma, n, Setting.SIZE, Setting.SIZE);
          NDArray leaf = noise.addi(x).stopGradient();
          NDArray g =
              model.gradient(
                  leaf,
                  scope,
                  in -> in,
                  out -> TorchModel.column(out.logits(), subject.target()).sum());
          g.attach(scope);
          sum.addi(g.sum(new int[] {0}, true));
        }
      }
      try (NDArray mean = sum.div(rows).mean(new int[] {1})) {
        return mean.toFloatArray();
      }
    }
  }

  @Override
  public void close() {
    own.close();
  }
}
