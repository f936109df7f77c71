package candela.graph.op;

import candela.device.Memory;
import candela.graph.Step;
import candela.graph.Weights;
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
    float[] values = w.of(s.node().input(i).constant().floats());
    return s.device().upload(MemorySegment.ofArray(values));
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
