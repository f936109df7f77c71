package candela.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * A classifier in PyTorch through DJL, asked about batches of any size: class scores, and gradients
 * of what is made of them. Weights are frozen.
 *
 * <p>Owns its arrays. For one thread.
 */
final class TorchModel implements AutoCloseable {
  private final boolean channelsLast;
  private final NDManager manager;
  private final ChannelsLast formats;
  private final TorchNetwork network;

  TorchModel(Path model, int threads, boolean channelsLast) {
    this.channelsLast = channelsLast;
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    manager = Engine.getEngine("PyTorch").newBaseManager();
    formats = new ChannelsLast(manager);
    network = TorchNetwork.load(model, manager, this::layout);
  }

  String name() {
    return channelsLast ? "channels-last" : "contiguous";
  }

  /** A manager for the arrays of one call or one setting; its caller closes it. */
  NDManager scope() {
    return manager.newSubManager();
  }

  /** x in this model's memory format; itself where it has it. */
  NDArray layout(NDArray x) {
    return channelsLast ? formats.of(x) : formats.contiguous(x);
  }

  /** x[n,c,h,w] without a gap in the usual order. */
  NDArray contiguous(NDArray x) {
    return formats.contiguous(x);
  }

  /** Normal numbers [n,3,h,w] in this model's memory format. */
  NDArray normal(NDManager scope, float deviation, int n, int h, int w) {
    return channelsLast
        ? scope
            .randomNormal(0, deviation, new Shape(n, h, w, 3), DataType.FLOAT32)
            .transpose(0, 3, 1, 2)
        : scope.randomNormal(0, deviation, new Shape(n, 3, h, w), DataType.FLOAT32);
  }

  /** The target's probability of every row x[n,3,h,w]. */
  float[] probabilities(NDArray x, int target) {
    JniUtils.setGradMode(false);
    try (NDManager call = scope()) {
      return column(run(x, call).output(), target).toFloatArray();
    }
  }

  /** The index of the largest logit of row 0. */
  int best(NDArray x) {
    JniUtils.setGradMode(false);
    try (NDManager call = scope()) {
      NDArray logits = run(x, call).logits();
      return (int) logits.reshape(logits.getShape().get(0), -1).argMax(1).toLongArray()[0];
    }
  }

  /**
   * Backward from the number that {@code loss} makes of the network's answers to what it makes of
   * the leaf; the leaf's gradient.
   *
   * @param leaf a fresh one each time: gradients of one leaf would add up
   * @param scope owns whatever comes between
   */
  NDArray gradient(
      NDArray leaf,
      NDManager scope,
      Function<NDArray, NDArray> rows,
      Function<TorchNetwork.Result, NDArray> loss) {
    leaf.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      collector.backward(loss.apply(run(rows.apply(leaf), scope)));
    }
    return leaf.getGradient();
  }

  /** [n] of the scores [n,classes] or [n,classes,1,1]. */
  static NDArray column(NDArray scores, int target) {
    return scores.reshape(scores.getShape().get(0), -1).get(":,{}", target);
  }

  private TorchNetwork.Result run(NDArray x, NDManager call) {
    try (NDArray held = x.reshape(x.getShape())) {
      held.attach(call);
      return network.run(held);
    }
  }

  @Override
  public void close() {
    formats.close();
    manager.close();
  }
}
