package candela.graph.op;

import candela.device.Device;
import candela.device.Memory;
import candela.graph.Step;
import candela.graph.Weights;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.BiFunction;

/** What a dense library packed from changed weights, with the weights it packed. Owns both. */
record Packed<P extends AutoCloseable>(P plan, Memory weights, Memory bias)
    implements AutoCloseable {
  /**
   * The plan of the constants 1 (weights) and 2 (bias, NULL where there is none), changed by w;
   * made once for each change.
   *
   * @param biased whether the node has a bias
   * @param pack from weights and bias
   */
  static <P extends AutoCloseable> P plan(
      Step s, Weights w, boolean biased, BiFunction<MemorySegment, MemorySegment, P> pack) {
    Packed<P> packed = s.plan(biased ? w : w.withoutBias(), () -> of(s, w, biased, pack));
    return packed.plan;
  }

  private static <P extends AutoCloseable> Packed<P> of(
      Step s, Weights w, boolean biased, BiFunction<MemorySegment, MemorySegment, P> pack) {
    Memory weights = changed(s, 1, w);
    Memory bias = null;
    try {
      bias = biased && w.bias() ? changed(s, 2, w) : null;
      return new Packed<>(
          pack.apply(weights.segment(), bias == null ? MemorySegment.NULL : bias.segment()),
          weights,
          bias);
    } catch (RuntimeException | Error e) {
      weights.close();
      if (bias != null) {
        bias.close();
      }
      throw e;
    }
  }

  /** Constant i on the device, changed by w; the caller closes it. */
  static Memory changed(Step s, int i, Weights w) {
    return upload(s.device(), w.of(s.node().input(i).constant().floats()));
  }

  static Memory upload(Device device, float[] values) {
    Memory m = device.allocate(Math.max(4, values.length * 4L));
    device.write(new Tensor(Shape.of(values.length), m.segment()), values);
    return m;
  }

  @Override
  public void close() throws Exception {
    plan.close();
    weights.close();
    if (bias != null) {
      bias.close();
    }
  }
}
