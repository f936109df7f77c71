package candela.graph;

import candela.device.Device;
import candela.device.Memory;
import candela.device.OutOfMemory;
import candela.device.Recording;
import candela.device.Work;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Storage;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A graph on a device, ready to run one batch after another: {@code forward}, {@code score}, {@code
 * backward}.
 *
 * <p>All memory is planned at opening, in one block ({@link #memory}). Owns that block and the
 * packed weights, not the device; close the session before the device. Not thread-safe. What a
 * closed one is asked for throws IllegalStateException.
 */
public final class Session implements AutoCloseable {
  private final Graph graph;

  /** Where the images go. */
  private final Value input;

  private final int batch;

  /** The graph as it runs. */
  private final Graph planned;

  private final Device device;
  private final Assignment rules;
  private final Plan plan;
  private final Memory arena;
  private final Binding binding;
  private final Readings gradients;
  private final Readings values;

  /** What {@link #forward} and {@link #backward} run. */
  private final Recording running;

  private final Map<Rules, Recording> returning = new HashMap<>();
  private final Value output;
  private final Value logits;
  private final Likelihood likelihood;
  private final int classes;
  private final boolean backward;
  private boolean closed;
  private final ScoreCall scores;

  /**
   * How a session holds what lies between its nodes.
   *
   * @param storage of values between convolutions, see {@link Narrow}
   * @param gating whether gradients pass activations by their values, see {@link Gates}
   * @param apart whether a block of memory stays unused for a while after its last reader, where
   *     the plan is small: steps that share no memory can run side by side
   */
  record Holding(Storage storage, boolean gating, boolean apart) {
    Holding(Storage storage, boolean gating) {
      this(storage, gating, false);
    }

    /** What suits a device. */
    static Holding on(Device device) {
      Storage storage = device.precision().storage();
      return new Holding(storage, device.dense().isGating(), device.lanes() > 1);
    }
  }

  private Session(
      Graph graph, Device device, SessionOptions options, long sliceBytes, Holding holding) {
    this.graph = graph;
    this.device = device;
    input = graph.input();
    batch = input.shape().rank() == 0 ? 1 : input.shape().dim(0);
    backward = !options.gradientAt().isEmpty();
    output = Scores.output(graph, options.output());
    Scores found = Scores.of(graph, output, batch());
    gradients = new Readings(device, graph, batch);
    values = new Readings(device, graph, batch);
    logits = found.logits();
    likelihood = found.likelihood();
    classes = Scores.classes(logits, batch());
    Map<String, Graph.Place> at = new LinkedHashMap<>();
    for (String name : options.gradientAt()) {
      for (int i = 0; i < graph.parts(name); i++) {
        at.put(Graph.part(name, i), graph.place(Graph.part(name, i)));
      }
    }
    Set<Value> atValues = new HashSet<>();
    at.values().forEach(p -> atValues.add(p.value()));
    Set<Value> pinned = new HashSet<>(graph.outputs());
    pinned.add(logits);
    pinned.addAll(atValues);
    // Rules read and write float32: whoever asks for them wants to know what exactly flows where.
    boolean plain = options.rules().stream().allMatch(Rules.GRADIENT::equals);
    planned = Narrow.of(graph, plain ? holding.storage() : Storage.FLOAT32, pinned);
    rules = new Assignment(planned, options.rules());
    if (rules.paired() && batch() % 2 != 0) {
      throw CandelaException.of(
          "%s: batch %d: rules that compare with a reference need an even number of rows",
          graph.name(), batch());
    }
    List<Slices.Run> runs = Slices.of(planned, batch(), device.threads(), sliceBytes);
    boolean gating = plain && holding.gating();
    plan = new Plan(planned, pinned, atValues, logits, rules, runs, gating, holding.apart());
    at.forEach(this::checkReached);
    arena = allocate(Math.max(plan.bytes(), Placement.ALIGNMENT));
    boolean opened = false;
    try {
      binding = new Binding(planned, plan, arena.segment(), device, runs, batch, backward);
      scores = new ScoreCall(device, batch(), classes);
      running = record("forward", this::runForward, () -> pieces().forward(order()));
      at.forEach(
          (name, p) -> {
            gradients.add(name, gradient(p.value()), p.perm());
            values.add(name, tensor(p.value()), p.perm());
          });
      opened = true;
    } catch (OutOfMemory e) {
      throw named(e);
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  /**
   * Plans and allocates.
   *
   * @throws CandelaException when a name is unknown, or no gradient reaches it
   */
  public static Session open(Graph graph, Device device, SessionOptions options) {
    return open(graph, device, options, device.sliceBytes());
  }

  /**
   * @param sliceBytes what a node may read and write at a time, see {@link Device#sliceBytes}
   */
  static Session open(Graph graph, Device device, SessionOptions options, long sliceBytes) {
    return open(graph, device, options, sliceBytes, Holding.on(device));
  }

  static Session open(
      Graph graph, Device device, SessionOptions options, long sliceBytes, Holding holding) {
    return new Session(graph, device, options, sliceBytes, holding);
  }

  /** Rows of one run. */
  public int batch() {
    return batch;
  }

  /**
   * Scores of one image.
   *
   * @throws CandelaException when the output is not a row of scores an image
   */
  public int classes() {
    if (classes == 0) {
      throw CandelaException.of(
          "%s: output '%s': one row of class scores an image expected, is %s for a batch of %d",
          graph.name(), output.name(), output.shape(), batch());
    }
    return classes;
  }

  /**
   * Before it is opened, which refuses an output of classes for the gradients that it lacks.
   *
   * @param output null for the first
   * @throws CandelaException where it holds classes, or the largest scores, instead of one a class
   */
  public static void checkScores(Graph graph, String output) {
    Scores.checkRanks(graph, Scores.output(graph, output));
  }

  /**
   * @throws CandelaException where the output is no list of scores, one a class
   */
  public void checkClassifier() {
    Shape s = output.shape();
    int wide = 0;
    for (int axis = 1; axis < s.rank(); axis++) {
      wide += s.dim(axis) > 1 ? 1 : 0;
    }
    if (wide > 1) {
      throw CandelaException.of(
          "%s: output '%s': one score a class expected, [n,classes], it is %s; %s",
          graph.name(), output.name(), s, Scores.others(graph, output));
    }
  }

  public Graph graph() {
    return graph;
  }

  public Device device() {
    return device;
  }

  /** Where the images go, in the model's layout (usually [N,C,H,W]). Keeps what was written. */
  public Tensor input() {
    return tensor(input);
  }

  public Tensor input(String name) {
    for (Value v : graph.inputs()) {
      if (v.name().equals(name)) {
        return tensor(v);
      }
    }
    throw CandelaException.of(
        "%s: no input '%s'; it has %s",
        graph.name(), name, graph.inputs().stream().map(Value::name).toList());
  }

  public void forward() {
    checkOpen();
    running.run();
  }

  /** Runs everything on what is there, so that all memory and all plans are there, too. */
  public void rehearse() {
    forward();
    if (backward) {
      device.kernels().elementwise().fill(seed().count(), 0, seed().data());
      rules.all().forEach(this::backward);
    }
    running.choose(() -> {});
    returning.values().forEach(r -> r.choose(this::forward));
  }

  /** Returns when all that was queued has been done, for whoever measures. */
  public void await() {
    device.copyOut(input().data().asSlice(0, 4), MemorySegment.ofArray(new float[1]));
  }

  private Recording record(String what, Runnable inOrder, Supplier<List<Piece>> pieces) {
    int lanes = device.lanes();
    if (lanes == 1 || !plan.isApart()) {
      return device.record(inOrder);
    }
    List<Work> work = Piece.side(pieces.get(), lanes);
    return device.record(Pieces.name(what, planned, work), work);
  }

  /** What is run, in pieces. */
  Pieces pieces() {
    return new Pieces(this, planned, plan);
  }

  /** All that its nodes share: what they read and write but for constants. */
  MemorySegment arena() {
    return arena.segment();
  }

  /** What forward runs, in this order. */
  List<NodeStep> order() {
    return binding.order();
  }

  /** The rule of every node. */
  Map<Node, Rule> rules(Rules by) {
    return rules.of(by);
  }

  private void runForward() {
    order().forEach(this::forward);
  }

  /** Runs one node. */
  void forward(NodeStep s) {
    named(s.node(), () -> s.node().op().forward(s));
  }

  /** Runs what errors name the node for. */
  void named(Node n, Runnable run) {
    try {
      run.run();
    } catch (CandelaException e) {
      throw named(n, e);
    }
  }

  /** All nodes with the whole batch, in their order; views included, which nothing runs. */
  List<NodeStep> steps() {
    return binding.steps();
  }

  boolean runsForward(NodeStep s) {
    return !plan.isSkipped(s.node());
  }

  boolean runsBackward(NodeStep s) {
    return plan.runsBackward(s.node()) && !plan.isSkipped(s.node());
  }

  /** Where the seed enters, in the shape of what it is the gradient of. */
  Tensor start() {
    return gradient(logits);
  }

  private Memory allocate(long bytes) {
    try {
      return device.allocate(bytes);
    } catch (OutOfMemory e) {
      throw named(e);
    } catch (CandelaException e) {
      throw new CandelaException(graph.name() + ": batch " + batch() + ": " + e.getMessage(), e);
    }
  }

  private OutOfMemory named(OutOfMemory e) {
    return new OutOfMemory(graph.name() + ": batch " + batch() + ": " + e.getMessage(), e);
  }

  private CandelaException named(Node n, CandelaException e) {
    if (e instanceof OutOfMemory none) {
      return named(none);
    }
    return new CandelaException(graph.name() + ": " + n.label() + ": " + e.getMessage(), e);
  }

  /** The output that holds the class scores, in the model's layout. */
  public Tensor output() {
    return tensor(output);
  }

  public Tensor output(String name) {
    return tensor(Scores.output(graph, name));
  }

  /** What makes probabilities of the logits. */
  public Likelihood likelihood() {
    return likelihood;
  }

  /** [batch,classes]: what a final softmax or sigmoid reads, or the output where there is none. */
  public Tensor logits() {
    return tensor(logits).as(Shape.of(batch(), classes()));
  }

  /**
   * Scores of the last forward, one a row, and the seed of the next {@link #backward}.
   *
   * @param target class of every row; -1 stands for the predicted class, which is written back
   */
  public float[] score(ScoreKind kind, long[] target) {
    queueScore(kind, target);
    scores.targets(target);
    return scores();
  }

  /** As {@link #score}, but waits for nothing: {@link #scores} reads them. */
  public void queueScore(ScoreKind kind, long[] target) {
    checkOpen();
    for (int i = 0; i < target.length; i++) {
      if (target[i] < -1 || target[i] >= classes()) {
        throw CandelaException.of(
            "%s: class %d of row %d; it has classes 0 to %d",
            graph.name(), target[i], i, classes() - 1);
      }
    }
    scores.run(likelihood.kind(kind), logits(), target, gradients.isEmpty() ? null : seed());
  }

  /** The scores last queued. */
  public float[] scores() {
    return scores.scores();
  }

  /** [batch]: the scores last queued, on the device until the next are. */
  public Tensor scored() {
    return scores.held();
  }

  /** [batch,classes]: what backward starts from, for a seed of the caller's own. */
  public Tensor seed() {
    if (gradients.isEmpty()) {
      throw new IllegalStateException("session was opened for forward only");
    }
    return start().as(Shape.of(batch(), classes()));
  }

  /**
   * Carries the seed back to the values named at opening.
   *
   * @param by one of the rules that the session was opened for; the plain gradient where there were
   *     none
   */
  public void backward(Rules by) {
    checkOpen();
    if (gradients.isEmpty()) {
      throw new IllegalStateException("session was opened for forward only");
    }
    returning.computeIfAbsent(by, this::returning).run();
  }

  private Recording returning(Rules by) {
    Map<Node, Rule> assigned = rules.of(by);
    return record("backward", () -> runBackward(assigned), () -> pieces().backward(assigned));
  }

  private void runBackward(Map<Node, Rule> assigned) {
    for (NodeStep s : steps().reversed()) {
      if (runsBackward(s)) {
        backward(s, assigned.get(s.node()));
        addExtras(s);
      }
    }
  }

  /** Runs one node backward; {@link #addExtras} follows. */
  void backward(NodeStep s, Rule by) {
    Node n = s.node();
    for (int i = 0; i < s.dy.length; i++) {
      if (plan.isSilent(n.outputs().get(i))) {
        Tensor dy = s.dy[i];
        device.kernels().elementwise().fill(dy.storage(), dy.count(), 0, dy.data());
      }
    }
    named(n, () -> by.backward(n, s));
  }

  /** The gradient at a value named at opening, in the model's layout but for images first. */
  public Tensor gradient(String name) {
    return gradients.of(name);
  }

  /** The value named at opening, likewise, after forward. */
  public Tensor value(String name) {
    return values.of(name);
  }

  /** The gradients at all values that a name stands for, likewise. */
  public List<Tensor> gradients(String name) {
    return gradients.allOf(name);
  }

  /** All values that a name stands for, likewise. */
  public List<Tensor> values(String name) {
    return values.allOf(name);
  }

  /** The gradient at the first input. */
  public Tensor gradient() {
    return gradient("");
  }

  public MemoryReport memory() {
    return plan.report(binding.constantBytes());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (running != null) {
      running.close();
    }
    returning.values().forEach(Recording::close);
    gradients.close();
    values.close();
    if (scores != null) {
      scores.close();
    }
    if (binding != null) {
      binding.close();
    }
    arena.close();
  }

  /** Its memory may be another's by now. */
  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the session is closed; open another one");
    }
  }

  private void checkReached(String name, Graph.Place p) {
    if (plan.gradient(p.value()) == null) {
      throw Unsuited.of(
          "%s: the class scores do not depend on %s through differentiable operators",
          graph.name(), SessionOptions.words(name));
    }
  }

  /** Adds what a node could not add to the gradients of its inputs itself. */
  void addExtras(NodeStep s) {
    for (int i = 0; i < s.dx.length; i++) {
      if (s.dx[i] != null && plan.extra(s.node(), i) != null) {
        Value v = s.node().input(i);
        MemorySegment sum = gradient(v).data();
        device.kernels().elementwise().add(v.storage(), s.dx[i].count(), sum, s.dx[i].data(), sum);
      }
    }
  }

  /** All rows of v; its shape alone where they are not there together. */
  Tensor tensor(Value v) {
    checkOpen();
    return binding.tensor(v);
  }

  /** Where the gradients at v are summed. */
  Tensor gradient(Value v) {
    return binding.gradient(v);
  }
}
