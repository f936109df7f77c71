package candela.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import java.util.function.UnaryOperator;

/** PyTorch's CPU library through DJL, in one of its two layouts. Weights are frozen. */
final class TorchEngine implements candela.bench.Engine {
  private final boolean channelsLast;
  private final NDManager manager;
  private final ChannelsLast formats;
  private final TorchNetwork network;
  private final NDArray images;
  private final NDArray seed;
  private NDManager call;
  private NDArray leaf;
  private TorchNetwork.Result last;

  TorchEngine(Setting setting, boolean channelsLast) {
    this.channelsLast = channelsLast;
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(setting.threads()));
    manager = Engine.getEngine("PyTorch").newBaseManager();
    formats = new ChannelsLast(manager);
    UnaryOperator<NDArray> layout = channelsLast ? formats::of : formats::contiguous;
    network = TorchNetwork.load(setting.model(), manager, layout);
    Shape shape = new Shape(setting.batch(), 3, Setting.SIZE, Setting.SIZE);
    images = layout.apply(manager.create(setting.images(), shape));
    float[] ones = new float[setting.batch() * Setting.CLASSES];
    for (int i = 0; i < setting.batch(); i++) {
      ones[i * Setting.CLASSES + setting.target()[i]] = 1;
    }
    seed = manager.create(ones, new Shape(setting.batch(), Setting.CLASSES));
  }

  @Override
  public String name() {
    return channelsLast ? "PyTorch, channels-last" : "PyTorch";
  }

  @Override
  public boolean differentiates() {
    return true;
  }

  @Override
  public void forward() {
    JniUtils.setGradMode(false);
    run(images);
  }

  @Override
  public float[] output() {
    return last.output().toFloatArray();
  }

  @Override
  public void gradient() {
    // A leaf of its own each time, on the same memory: gradients of one leaf would add up.
    if (leaf != null) {
      leaf.close();
    }
    leaf = images.stopGradient();
    leaf.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      run(leaf);
      collector.backward(last.logits().reshape(seed.getShape()).mul(seed).sum());
    }
  }

  @Override
  public float[] inputGradient() {
    try (NDArray gradient = leaf.getGradient();
        NDArray plain = formats.contiguous(gradient)) {
      return plain.toFloatArray();
    }
  }

  @Override
  public void close() {
    if (leaf != null) {
      leaf.close();
    }
    if (call != null) {
      call.close();
    }
    formats.close();
    manager.close();
  }

  private void run(NDArray x) {
    if (call != null) {
      call.close();
    }
    call = manager.newSubManager();
    try (NDArray held = x.reshape(x.getShape())) {
      held.attach(call);
      last = network.run(held);
    }
  }
}
