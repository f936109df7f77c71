package candela.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import candela.method.SlidingPatch;
import candela.method.Subject;

/**
 * Occlusion, several windows an evaluation: copies of the image with a square set to 0 in each, as
 * SAM's script does it; cheaper than the products with masks that Captum makes.
 */
final class TorchSlidingPatch implements TorchMethod {
  private final TorchModel model;
  private final SlidingPatch method;
  private final int target;
  private final int batch;
  private final int across;
  private final NDManager own;
  private final NDArray x;

  TorchSlidingPatch(TorchModel model, SlidingPatch method, Subject subject, int batch) {
    this.model = model;
    this.method = method;
    this.batch = batch;
    target = subject.target();
    across = (Setting.SIZE - method.patch()) / method.stride() + 1;
    own = model.scope();
    Shape shape = new Shape(1, 3, Setting.SIZE, Setting.SIZE);
    x = model.layout(own.create(subject.pixels(), shape));
  }

  @Override
  public int rows() {
    return loop() + 1;
  }

  @Override
  public int loop() {
    return across * across;
  }

  @Override
  public float[] map(int rows) {
    float score = model.probabilities(x, target)[0];
    float[] drop = new float[rows];
    for (int at = 0; at < rows; at += batch) {
      int n = Math.min(batch, rows - at);
      try (NDManager scope = model.scope()) {
        JniUtils.setGradMode(false);
        NDArray copies = x.repeat(0, n);
        copies.attach(scope);
        for (int i = 0; i < n; i++) {
          int top = (at + i) / across * method.stride();
          int left = (at + i) % across * method.stride();
          copies.set(
              new NDIndex(
                  "{},:,{}:{},{}:{}", i, top, top + method.patch(), left, left + method.patch()),
              0);
        }
        float[] scores = model.probabilities(model.layout(copies), target);
        for (int i = 0; i < n; i++) {
          drop[at + i] = score - scores[i];
        }
      }
    }
    return drop;
  }

  @Override
  public void close() {
    own.close();
  }
}
