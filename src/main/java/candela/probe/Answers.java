package candela.probe;

import candela.device.Device;
import candela.graph.Bias;
import candela.graph.Layout;
import candela.graph.Likelihood;
import candela.graph.SessionOptions;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the model said to some rows, in the order written. Valid during {@link Probe#take} only.
 *
 * <p>Scores are read when somebody asks for them: until then a card goes on by itself. So are
 * values, which take as long to be brought into the model's layout as gradients do.
 */
public final class Answers {
  private final Supplier<float[]> all;
  private final Later later;
  private final Tensor held;
  private final int from;
  private final int to;
  private final Tensor logits;
  private final Likelihood likelihood;
  private final List<Tensor> gradients;
  private final Supplier<List<Tensor>> values;
  private final Supplier<Layout> layout;
  private final Supplier<List<Bias>> biases;

  /** Hands out what is wanted when it is there. */
  interface Later {
    /** The scores of these rows of the batch. */
    void scores(int from, int to, Consumer<float[]> taker);

    /** What the device holds there now, into as many floats. */
    void copy(Tensor from, float[] to, Runnable taker);
  }

  /**
   * @param scores one a row, from row 0 of the batch
   * @param later the same and what else is copied, handed out after the next batch was queued
   * @param held the same, [rows] on the device
   * @param logits [rows,classes], on the device
   * @param likelihood what makes probabilities of them
   * @param gradients [rows,…] in the model's layout, on the device; none where none was asked for
   * @param values [rows,…] what the gradients are with respect to, likewise
   * @param layout of their tokens
   * @param biases of the model's layers
   */
  Answers(
      Supplier<float[]> scores,
      Later later,
      Tensor held,
      Tensor logits,
      Likelihood likelihood,
      List<Tensor> gradients,
      Supplier<List<Tensor>> values,
      Supplier<Layout> layout,
      Supplier<List<Bias>> biases) {
    this(
        scores,
        later,
        held,
        0,
        held.count(),
        logits,
        likelihood,
        gradients,
        values,
        layout,
        biases);
  }

  /**
   * What is known before it is asked: later is at once.
   *
   * @param held scores, [rows] on the device
   */
  static Answers known(Device device, Tensor held, Tensor logits, Likelihood likelihood) {
    Supplier<float[]> scores = () -> device.read(held);
    return new Answers(
        scores,
        new Now(device, scores),
        held,
        logits,
        likelihood,
        List.of(),
        List::of,
        () -> null,
        List::of);
  }

  /**
   * The same, whose later is now: for who reads the results of other probes meanwhile.
   *
   * @param device that holds them
   */
  public Answers atOnce(Device device) {
    return new Answers(
        all,
        new Now(device, all),
        held,
        from,
        to,
        logits,
        likelihood,
        gradients,
        values,
        layout,
        biases);
  }

  /** Waits for whatever is wanted. */
  private record Now(Device device, Supplier<float[]> all) implements Later {
    @Override
    public void scores(int from, int to, Consumer<float[]> taker) {
      taker.accept(Arrays.copyOfRange(all.get(), from, to));
    }

    @Override
    public void copy(Tensor from, float[] to, Runnable taker) {
      device.copyOut(from.data(), MemorySegment.ofArray(to));
      taker.run();
    }
  }

  private Answers(
      Supplier<float[]> all,
      Later later,
      Tensor held,
      int from,
      int to,
      Tensor logits,
      Likelihood likelihood,
      List<Tensor> gradients,
      Supplier<List<Tensor>> values,
      Supplier<Layout> layout,
      Supplier<List<Bias>> biases) {
    this.all = all;
    this.later = later;
    this.held = held;
    this.from = from;
    this.to = to;
    this.logits = logits;
    this.likelihood = likelihood;
    this.gradients = gradients;
    this.values = values;
    this.layout = layout;
    this.biases = biases;
  }

  public int rows() {
    return to - from;
  }

  /** One a row. */
  public float[] scores() {
    return Arrays.copyOfRange(all.get(), from, to);
  }

  /**
   * Hands the scores over when they are there, before the run ends: a card goes on with the next
   * batch meanwhile. For probes whose next rows do not depend on them.
   */
  public void scoresLater(Consumer<float[]> taker) {
    later.scores(from, to, taker);
  }

  /** The same, into a list from this place on. */
  public void scoresLater(double[] list, int first) {
    scoresLater(
        s -> {
          for (int i = 0; i < s.length; i++) {
            list[first + i] = s[i];
          }
        });
  }

  /**
   * Copies what a device holds after all work so far, and runs the taker when it is there, before
   * the run ends: a card goes on with the next batch meanwhile. Nobody writes that memory in this
   * run.
   *
   * @param from float32, of exactly as many bytes
   */
  public void copyLater(Tensor from, float[] to, Runnable taker) {
    later.copy(from, to, taker);
  }

  /** [rows]: the scores, on the device. */
  public Tensor scored() {
    return held.rows(from, to);
  }

  /** Of how many answers one is right: classes, or yes and no. */
  public int alternatives() {
    return likelihood == Likelihood.SIGMOID ? 2 : logits.shape().dim(1);
  }

  /** One a row; waits for them. */
  public List<Prediction> predictions(Device device) {
    float[] all = device.read(logits);
    int classes = logits.shape().dim(1);
    List<Prediction> predictions = new ArrayList<>();
    for (int at = 0; at < all.length; at += classes) {
      predictions.add(new Prediction(Arrays.copyOfRange(all, at, at + classes), likelihood));
    }
    return predictions;
  }

  /**
   * [rows,…] in the model's layout, on the device; the first where the ask's name stands for
   * several.
   *
   * @throws java.util.NoSuchElementException where none was asked for
   */
  public Tensor gradients() {
    return gradients.getFirst();
  }

  /** [rows,…] what the gradients are with respect to, likewise. */
  public Tensor values() {
    return values.get().getFirst();
  }

  /** Where in the image their tokens are; null where that is not known. */
  public Layout layout() {
    return layout.get();
  }

  /** Those of {@link SessionOptions#FULL_GRADIENT}, in the order of its values after the input. */
  public List<Bias> biases() {
    return biases.get();
  }

  /** The gradients of all values that the ask's name stands for. */
  public List<Tensor> allGradients() {
    return gradients;
  }

  /** All values that the ask's name stands for. */
  public List<Tensor> allValues() {
    return values.get();
  }

  /** Those of the rows from (inclusive) to to (exclusive). */
  public Answers rows(int from, int to) {
    return new Answers(
        all,
        later,
        held,
        this.from + from,
        this.from + to,
        logits.rows(from, to),
        likelihood,
        rows(gradients, from, to),
        () -> rows(values.get(), from, to),
        layout,
        biases);
  }

  private static List<Tensor> rows(List<Tensor> all, int from, int to) {
    return all.stream().map(t -> t.rows(from, to)).toList();
  }
}
