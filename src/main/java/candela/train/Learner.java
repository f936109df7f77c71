package candela.train;

import candela.device.Attack;
import candela.device.Device;
import candela.device.Memory;
import candela.device.OutOfMemory;
import candela.graph.Graph;
import candela.graph.Network;
import candela.graph.Rules;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.graph.TrainingForm;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model while it learns: its parameters on the device, one step at a time; and the same model
 * judged and attacked. Bits depend on the batch size, not on threads.
 *
 * <p>Owns its sessions and memory, not the device. For the thread that uses the device.
 */
public final class Learner implements AutoCloseable {
  private final OnnxModel model;
  private final Device device;
  private final int batch;
  private final Session training;
  private final Session judging;
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private final Map<String, Tensor> copies = new LinkedHashMap<>();
  private final Map<String, List<MemorySegment>> states = new LinkedHashMap<>();
  private final List<String> learning;
  private final Optimiser optimiser;
  private final double smoothing;
  private final List<Memory> held = new ArrayList<>();
  private final MemorySegment targets;
  private final MemorySegment losses;
  private final Tensor start;
  private final Tensor noise;
  private final MemorySegment samples;
  private final MemorySegment ones;
  private final MemorySegment zeros;
  private MemorySegment zero;
  private long steps;
  private boolean stale = true;

  /** Whether a step, or a restoration, failed on the way: parameters are half changed. */
  private boolean torn;

  /** Sums over some pictures. */
  public record Tally(int seen, int right, double loss) {
    static final Tally NONE = new Tally(0, 0, 0);

    Tally plus(Tally other) {
      return new Tally(seen + other.seen, right + other.right, loss + other.loss);
    }

    public double accuracy() {
      return seen == 0 ? Double.NaN : (double) right / seen;
    }

    public double meanLoss() {
      return seen == 0 ? Double.NaN : loss / seen;
    }
  }

  /**
   * Opens a model for learning.
   *
   * @param smoothing share of the wanted probability that is spread over all classes
   */
  public Learner(OnnxModel given, Device device, int batch, Optimiser optimiser, double smoothing) {
    Network network = Network.of(given).channelsFirst();
    model = network.model();
    this.device = device;
    this.batch = batch;
    this.optimiser = optimiser;
    this.smoothing = smoothing;
    Graph graph = TrainingForm.graph(network, batch, true);
    learning = TrainingForm.differentiable(model, graph);
    training = open(graph, new SessionOptions(learning, null));
    try {
      judging = open(TrainingForm.graph(network, batch, false), SessionOptions.GRADIENT);
      for (String name : TrainingForm.parameters(model, graph)) {
        Tensor t = training.input(name);
        parameters.put(name, t);
        copies.put(name, judging.input(name));
        device.write(t, model.initialisers().get(name).floats());
      }
      for (String name : learning) {
        List<MemorySegment> state = new ArrayList<>();
        for (int i = 0; i < optimiser.states(); i++) {
          state.add(allocate(4L * parameters.get(name).count()));
        }
        states.put(name, state);
      }
      targets = allocate(8L * batch);
      losses = allocate(4L * batch);
      samples = allocate(8L * batch);
      Shape images = training.input().shape();
      start = new Tensor(images, allocate(4L * images.count()));
      noise = new Tensor(images, allocate(4L * images.count()));
      int channels = channels();
      ones = allocate(4L * channels);
      zeros = allocate(4L * channels);
      float[] one = new float[channels];
      Arrays.fill(one, 1);
      device.write(new Tensor(Shape.of(channels), ones), one);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private Session open(Graph graph, SessionOptions options) {
    return device.kernels().spare().room(() -> Session.open(graph, device, options));
  }

  private MemorySegment allocate(long bytes) {
    try {
      Memory m = device.kernels().spare().room(() -> device.allocate(Math.max(bytes, 8)));
      held.add(m);
      return m.segment().asSlice(0, bytes);
    } catch (OutOfMemory e) {
      throw new OutOfMemory(model.name() + ": batch " + batch + ": " + e.getMessage(), e);
    }
  }

  private int channels() {
    Shape images = training.input().shape();
    return images.rank() == 4 ? images.dim(1) : 1;
  }

  public int batch() {
    return batch;
  }

  public int classes() {
    return training.classes();
  }

  /** [c,h,w]. */
  public Shape image() {
    int[] dims = training.input().shape().dims();
    return Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
  }

  /** Steps done. */
  public long steps() {
    return steps;
  }

  /**
   * One step on a batch.
   *
   * @param images [batch,c,h,w], pixels of 0 to 1
   * @throws CandelaException where the loss is no number, or a step before failed on the way
   */
  public Tally step(float[] images, long[] labels, double rate) {
    device.write(training.input(), images);
    return stepHere(labels, rate);
  }

  /** One step on the batch after Gaussian noise has been added to it, not clamped. */
  Tally stepOnNoise(float[] images, long[] labels, double rate, double sigma, long seed, long at) {
    device.write(start, images);
    draw(at);
    device
        .kernels()
        .noise()
        .gaussianNoise(
            batch, image().count(), zeroImage(), (float) sigma, seed, samples, noise.data());
    Tensor to = training.input();
    device.kernels().elementwise().add(to.count(), start.data(), noise.data(), to.data());
    return stepHere(labels, rate);
  }

  /** One step on the batch after an attack on it. */
  Tally stepOnAttack(float[] images, long[] labels, double rate, Pgd attack, long seed, long at) {
    attack(images, labels, attack, seed, at);
    copy(judging.input(), training.input());
    return stepHere(labels, rate);
  }

  private Tally stepHere(long[] labels, double rate) {
    checkWhole();
    torn = true;
    training.forward();
    Tally tally = judge(training, labels, batch, true);
    if (!Double.isFinite(tally.loss)) {
      throw CandelaException.of(
          "%s: the loss of step %d is %s: training has diverged; use a lower rate",
          model.name(), steps + 1, tally.loss);
    }
    training.backward(Rules.GRADIENT);
    long step = steps + 1;
    for (String name : learning) {
      Tensor w = parameters.get(name);
      boolean decays = w.shape().rank() > 1;
      optimiser.step(device, step, rate, decays, training.gradient(name), states.get(name), w);
    }
    steps = step;
    stale = true;
    torn = false;
    return tally;
  }

  /** Running statistics move forward, weights one after the other: what failed is not repeated. */
  private void checkWhole() {
    if (torn) {
      throw CandelaException.of(
          "%s: a step or a restoration failed on the way and left parameters half changed; open it"
              + " anew, to go on from the last checkpoint",
          model.name());
    }
  }

  /**
   * Losses and hits of the first rows of what a session has just computed; sets its seed where
   * asked.
   */
  private Tally judge(Session session, long[] labels, int rows, boolean seed) {
    device.copyIn(MemorySegment.ofArray(labels), targets);
    device
        .kernels()
        .learn()
        .crossEntropy(
            batch,
            classes(),
            (float) smoothing,
            1f / batch,
            session.logits().data(),
            targets,
            losses,
            seed ? session.seed().data() : MemorySegment.NULL);
    float[] loss = device.read(new Tensor(Shape.of(batch), losses));
    float[] logits = device.read(session.logits());
    int right = 0;
    double sum = 0;
    for (int r = 0; r < rows; r++) {
      sum += loss[r];
      right += best(logits, r * classes(), classes()) == labels[r] ? 1 : 0;
    }
    return new Tally(rows, right, sum);
  }

  private static int best(float[] logits, int from, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      best = logits[from + i] > logits[from + best] ? i : best;
    }
    return best;
  }

  /** Loss and hits of the first rows of a batch, as inference sees it. */
  public Tally judge(float[] images, long[] labels, int rows) {
    refresh();
    device.write(judging.input(), images);
    judging.forward();
    return judge(judging, labels, rows, false);
  }

  /** As {@link #judge}, after an attack on the batch. */
  public Tally judgeAttacked(
      float[] images, long[] labels, int rows, Pgd attack, long seed, long at) {
    attack(images, labels, attack, seed, at);
    judging.forward();
    return judge(judging, labels, rows, false);
  }

  /**
   * The batch after an attack, [batch,c,h,w].
   *
   * @param at number of the first row, on which the random start depends
   */
  public float[] attacked(float[] images, long[] labels, Pgd attack, long seed, long at) {
    attack(images, labels, attack, seed, at);
    return device.read(judging.input());
  }

  private void attack(float[] images, long[] labels, Pgd attack, long seed, long at) {
    refresh();
    device.write(start, images);
    device.write(judging.input(), images);
    if (attack.start()) {
      randomStart(attack, seed, at);
    }
    for (int i = 0; i < attack.steps(); i++) {
      judging.forward();
      aim(labels);
      judging.backward(Rules.GRADIENT);
      move(attack.kind(), attack, attack.step(), judging.gradient().data());
    }
  }

  /**
   * Seeds the gradient of the loss over 1 − p, p the label's probability: steps go by its direction
   * alone, and where the model is so sure that 1 − p rounds to 0 the loss itself has none.
   */
  private void aim(long[] labels) {
    float[] seed = device.read(judging.logits());
    int n = classes();
    for (int r = 0; r < batch; r++) {
      climb(seed, r * n, n, (int) labels[r]);
    }
    device.write(judging.seed(), seed);
  }

  /** Logits become −1 for the label, for others their share of what is left. */
  private static void climb(float[] z, int from, int n, int label) {
    double top = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      top = i == label ? top : Math.max(top, z[from + i]);
    }
    double rest = 0;
    for (int i = 0; i < n; i++) {
      rest += i == label ? 0 : Math.exp(z[from + i] - top);
    }
    boolean known = rest > 0 && Double.isFinite(top);
    for (int i = 0; i < n; i++) {
      double share = i == label ? -1 : Math.exp(z[from + i] - top) / rest;
      z[from + i] = known ? (float) share : 0;
    }
  }

  /** Uniform in the cube; in the L2 ball a normal direction of the ball's radius. */
  private void randomStart(Pgd attack, long seed, long at) {
    draw(at);
    var kernels = device.kernels().noise();
    if (attack.ball() == Attack.Ball.LINF) {
      kernels.uniformNoise(batch, image().count(), -1, 1, seed, samples, noise.data());
      move(Attack.Kind.PLAIN, attack, attack.epsilon(), noise.data());
    } else {
      kernels.gaussianNoise(batch, image().count(), zeroImage(), 1, seed, samples, noise.data());
      move(Attack.Kind.UNIT, attack, attack.epsilon(), noise.data());
    }
  }

  private void move(Attack.Kind kind, Pgd attack, double step, MemorySegment direction) {
    int channels = channels();
    device
        .kernels()
        .attack()
        .attackStep(
            kind,
            attack.ball(),
            batch,
            channels,
            image().count() / channels,
            (float) step,
            (float) attack.epsilon(),
            ones,
            zeros,
            ones,
            start.data(),
            direction,
            judging.input().data());
  }

  /** Sample numbers of the rows from at on. */
  private void draw(long at) {
    long[] numbers = new long[batch];
    for (int r = 0; r < batch; r++) {
      numbers[r] = at + r;
    }
    device.copyIn(MemorySegment.ofArray(numbers), samples);
  }

  private MemorySegment zeroImage() {
    if (zero == null) {
      zero = allocate(4L * image().count());
    }
    return zero;
  }

  /** The judging session works on the parameters as they are now. */
  private void refresh() {
    checkWhole();
    if (!stale) {
      return;
    }
    for (var p : parameters.entrySet()) {
      Tensor to = copies.get(p.getKey());
      if (to.count() > 0) {
        copy(p.getValue(), to);
      }
    }
    stale = false;
  }

  private void copy(Tensor from, Tensor to) {
    int[] one = {1};
    device
        .kernels()
        .move()
        .copyStrided(false, 1, new int[] {to.count()}, one, one, from.data(), to.data());
  }

  /** The model with the parameters as they are now. */
  public OnnxModel model() {
    checkWhole();
    Map<String, OnnxTensor> initialisers = new LinkedHashMap<>(model.initialisers());
    parameters.forEach(
        (name, t) -> initialisers.put(name, OnnxTensor.of(name, t.shape(), device.read(t))));
    return model.with(model.nodes(), initialisers);
  }

  /** All that the next step depends on: parameters, then the optimiser's arrays. */
  Map<String, float[]> state() {
    checkWhole();
    Map<String, float[]> all = new LinkedHashMap<>();
    parameters.forEach((name, t) -> all.put(name, device.read(t)));
    states.forEach(
        (name, arrays) -> {
          for (int i = 0; i < arrays.size(); i++) {
            Shape shape = parameters.get(name).shape();
            all.put(name + "@" + i, device.read(new Tensor(shape, arrays.get(i))));
          }
        });
    return all;
  }

  /** Goes on from a {@link #state}. */
  void restore(Map<String, float[]> all, long step) {
    torn = true;
    parameters.forEach((name, t) -> device.write(t, all.get(name)));
    states.forEach(
        (name, arrays) -> {
          for (int i = 0; i < arrays.size(); i++) {
            Shape shape = parameters.get(name).shape();
            device.write(new Tensor(shape, arrays.get(i)), all.get(name + "@" + i));
          }
        });
    steps = step;
    stale = true;
    torn = false;
  }

  @Override
  public void close() {
    training.close();
    if (judging != null) {
      judging.close();
    }
    held.forEach(Memory::close);
  }
}
