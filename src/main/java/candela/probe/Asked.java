package candela.probe;

import candela.device.Device;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Images as they are, unperturbed ones and baselines, whose logits many probes want: each is asked
 * once, and every score follows from its logits.
 *
 * <p>For devices on which a row gives the same bits in any batch; elsewhere nothing is remembered.
 * For one network and one thread.
 */
public final class Asked {
  private final Device device;
  private final Function<float[], Prediction> ask;
  private final Map<Image, Prediction> known = new HashMap<>();

  /** Equal where the values are. */
  private record Image(float[] values) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Image i && Arrays.equals(values, i.values);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(values);
    }
  }

  /** Asks a pipeline; not while it runs. */
  public Asked(Pipeline pipeline) {
    this(
        pipeline.device(),
        image -> {
          Logits probe = new Logits(pipeline.device(), image);
          pipeline.run(List.of(probe));
          return probe.result();
        });
  }

  /**
   * @param ask what the network says to an image
   */
  public Asked(Device device, Function<float[], Prediction> ask) {
    this.device = device;
    this.ask = ask;
  }

  /** Images asked so far. */
  public int rows() {
    return known.size();
  }

  public Prediction prediction(float[] image) {
    return known.computeIfAbsent(new Image(image), i -> ask.apply(i.values()));
  }

  /** What the network says to an image; null where it has to be asked again. */
  Answers answers(float[] image, Ask ask, int target, Workspace keeps) {
    if (!device.readsHost() || ask.wantsGradient()) {
      return null;
    }
    Prediction said = prediction(image);
    float[] z = said.logits();
    Tensor row = keeps.tensor(Shape.of(1, z.length), z);
    Tensor score = keeps.tensor(Shape.of(1));
    device
        .kernels()
        .score()
        .score(
            said.likelihood().kind(ask.score()),
            1,
            z.length,
            row.data(),
            keeps.longs(new long[] {target}),
            score.data(),
            MemorySegment.NULL);
    return Answers.known(device, score, row, said.likelihood());
  }
}
