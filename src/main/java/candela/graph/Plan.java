package candela.graph;

import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where every tensor of a session lives and from which step to which. Steps are numbered 0 … n-1
 * forward and n … 2n-1 backward, node i's backward being step 2n-1-i.
 */
final class Plan {
  /**
   * Memory of a session whose nodes may run side by side: beyond, one node alone fills a card, and
   * what each lane takes to work with counts.
   */
  private static final long APART = 2L << 30;

  private final List<Node> nodes;
  private final List<Slices.Run> runs;
  private final Assignment rules;
  private final Set<Value> wanted = new HashSet<>();
  private final Set<Node> backward = new HashSet<>();
  private final Map<Value, Value> roots = new IdentityHashMap<>();
  private final Map<Value, Placement.Block> values = new IdentityHashMap<>();
  private final Map<Value, Placement.Block> gradients = new IdentityHashMap<>();
  private final Map<Node, Placement.Block> kept = new IdentityHashMap<>();
  private final Map<Node, Placement.Block> scratch = new IdentityHashMap<>();
  private final Map<Node, Placement.Block> work = new IdentityHashMap<>();
  private final Map<Node, Map<Integer, Placement.Block>> extra = new IdentityHashMap<>();
  private final Set<Node> skipped = new HashSet<>();
  private final Map<Value, Integer> sliced = new IdentityHashMap<>();
  private final Set<Value> silent = new HashSet<>();
  private final Gates gates;
  private final List<Placement.Block> blocks = new ArrayList<>();
  private final boolean apart;
  private final long bytes;

  /**
   * @param pinned values that must be readable after forward
   * @param at values at which gradients must be readable after backward; empty for forward only
   * @param logits where the seed enters
   * @param rules what backward runs
   * @param runs which nodes forward runs by slices of the batch
   * @param gating whether gradients pass activations as {@link Gates} tells
   * @param apart whether memory rests for a step before it is used again, where there is little
   */
  Plan(
      Graph graph,
      Set<Value> pinned,
      Set<Value> at,
      Value logits,
      Assignment rules,
      List<Slices.Run> runs,
      boolean gating,
      boolean apart) {
    this.rules = rules;
    this.runs = runs;
    nodes = graph.nodes();
    if (!at.isEmpty()) {
      mark(at, logits);
    }
    nodes.stream().filter(backward::contains).forEach(n -> rules.check(graph, n));
    Set<Value> held = new HashSet<>(pinned);
    held.addAll(graph.inputs());
    share(held, at);
    gates = gating && !at.isEmpty() ? gates(at, logits) : new Gates();
    placeValues(graph, held);
    if (!at.isEmpty()) {
      placeGradients(at, logits);
    }
    long closest = Placement.place(blocks, 0);
    this.apart = apart && closest <= APART;
    bytes = this.apart ? Placement.place(blocks, 1) : closest;
  }

  long bytes() {
    return bytes;
  }

  /** Whether nodes may run side by side. */
  boolean isApart() {
    return apart;
  }

  /** Nodes that backward runs. */
  boolean runsBackward(Node n) {
    return backward.contains(n);
  }

  /** Views whose output shares its input's memory: nothing to run. */
  boolean isSkipped(Node n) {
    return skipped.contains(n);
  }

  /** Whether a gradient must flow into v. */
  boolean wants(Value v) {
    return wanted.contains(v);
  }

  /** Whether only the rows of one slice of v are held at a time. */
  boolean isSliced(Value v) {
    return sliced.containsKey(root(v));
  }

  Placement.Block value(Value v) {
    return values.get(root(v));
  }

  Placement.Block gradient(Value v) {
    return gradients.get(root(v));
  }

  Placement.Block kept(Node n) {
    return kept.get(n);
  }

  Placement.Block scratch(Node n) {
    return scratch.get(n);
  }

  /** What the node's rule works with. */
  Placement.Block work(Node n) {
    return work.get(n);
  }

  /** Whether no gradient reaches v, so that its producer must be given zeros. */
  boolean isSilent(Value v) {
    return silent.contains(v);
  }

  /** A private place for dx(i), where the node cannot add to the gradient itself; else null. */
  Placement.Block extra(Node n, int i) {
    Map<Integer, Placement.Block> m = extra.get(n);
    return m == null ? null : m.get(i);
  }

  Gates gates() {
    return gates;
  }

  /** Whether dx(i) of n must be added to what is there. */
  boolean accumulates(Node n, int i) {
    Map<Integer, Placement.Block> m = extra.get(n);
    return m != null && m.containsKey(i) && m.get(i) == null;
  }

  Value root(Value v) {
    return roots.getOrDefault(v, v);
  }

  int backwardStep(int node) {
    return 2 * nodes.size() - 1 - node;
  }

  MemoryReport report(long constants) {
    long keptBytes = kept.values().stream().mapToLong(Placement.Block::bytes).sum();
    long most =
        Stream.concat(scratch.values().stream(), work.values().stream())
            .mapToLong(Placement.Block::bytes)
            .max()
            .orElse(0);
    return new MemoryReport(constants, bytes, peak(values), keptBytes, peak(gradients), most);
  }

  private long peak(Map<Value, Placement.Block> of) {
    long[] change = new long[2 * nodes.size() + 2];
    for (Placement.Block b : new HashSet<>(of.values())) {
      change[b.first()] += b.bytes();
      change[b.last() + 1] -= b.bytes();
    }
    long peak = 0;
    long sum = 0;
    for (long c : change) {
      sum += c;
      peak = Math.max(peak, sum);
    }
    return peak;
  }

  /** Finds the values on a path from at to logits, and the nodes between them. */
  private void mark(Set<Value> at, Value logits) {
    Set<Value> reachable = new HashSet<>(at);
    for (Node n : nodes) {
      for (int i = 0; i < n.inputs().size(); i++) {
        Value v = n.input(i);
        if (v != null && !v.isConstant() && reachable.contains(v) && n.op().differentiable(i)) {
          reachable.addAll(n.outputs());
        }
      }
    }
    Set<Value> leading = new HashSet<>(Set.of(logits));
    for (Node n : nodes.reversed()) {
      boolean leads = n.outputs().stream().anyMatch(v -> leading.contains(v));
      boolean fed = false;
      for (int i = 0; i < n.inputs().size(); i++) {
        Value v = n.input(i);
        if (leads && v != null && reachable.contains(v) && n.op().differentiable(i)) {
          fed = true;
          leading.add(v);
          wanted.add(v);
        }
      }
      if (fed) {
        backward.add(n);
        wanted.addAll(n.outputs());
      }
    }
    wanted.add(logits);
  }

  private Placement.Block block(long bytes, int first, int last) {
    Placement.Block b = new Placement.Block(Math.max(bytes, 1), first, last);
    blocks.add(b);
    return b;
  }

  private static long bytes(Value v) {
    return v.storage().bytes(v.shape().count());
  }

  /** Lets views share the memory of what they show. */
  private void share(Set<Value> held, Set<Value> at) {
    for (Node n : nodes) {
      boolean view =
          n.op().isView()
              && !n.input(0).isConstant()
              && !at.contains(n.output())
              && !at.contains(n.input(0));
      if (view) {
        roots.put(n.output(), root(n.input(0)));
        skipped.add(n);
        if (held.contains(n.output())) {
          held.add(root(n.output()));
        }
      }
    }
  }

  private Gates gates(Set<Value> at, Value logits) {
    Set<Value> read = new HashSet<>();
    at.forEach(v -> read.add(root(v)));
    read.add(root(logits));
    List<Node> run =
        nodes.stream().filter(n -> backward.contains(n) && !skipped.contains(n)).toList();
    return new Gates(run, wanted, read, this::root);
  }

  private void placeValues(Graph graph, Set<Value> held) {
    int end = 2 * nodes.size();
    Map<Value, Integer> lastUse = new IdentityHashMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      Node n = nodes.get(i);
      boolean back = backward.contains(n);
      for (int k = 0; k < n.inputs().size(); k++) {
        if (n.input(k) != null) {
          boolean later = back && (rules.needsX(n, k) || gates.passes(n, k));
          int use = later ? backwardStep(i) : i;
          lastUse.merge(root(n.input(k)), use, Math::max);
        }
      }
      for (Value y : n.outputs()) {
        lastUse.merge(root(y), back && rules.needsY(n) ? backwardStep(i) : i, Math::max);
      }
      for (Value v : back ? rules.reads(graph, n) : List.<Value>of()) {
        lastUse.merge(root(v), backwardStep(i), Math::max);
      }
    }
    for (Value v : held) {
      lastUse.put(root(v), end);
    }
    for (Value v : graph.inputs()) {
      values.put(v, block(bytes(v), 0, end));
    }
    slice(graph.input().shape(), lastUse);
    for (int i = 0; i < nodes.size(); i++) {
      Node n = nodes.get(i);
      if (!skipped.contains(n)) {
        for (Value y : n.outputs()) {
          values.put(y, placeOutput(n, i, y, lastUse));
        }
      }
      boolean back = backward.contains(n);
      long keep = back && !gates.isPassed(n.outputs().get(0)) ? n.op().keptBytes(n) : 0;
      if (keep > 0) {
        kept.put(n, block(keep, run(i).first(), backwardStep(i)));
      }
      long passing = n.op().scratchBytes(n);
      if (passing > 0) {
        Placement.Block b = block(passing, i, i);
        if (back) {
          b.include(backwardStep(i));
        }
        scratch.put(n, b);
      }
      long working = back ? rules.workBytes(graph, n) : 0;
      if (working > 0) {
        work.put(n, block(working, backwardStep(i), backwardStep(i)));
      }
    }
  }

  /** Finds the values that are read in the run that makes them, and nowhere else. */
  private void slice(Shape input, Map<Value, Integer> lastUse) {
    for (Slices.Run run : runs) {
      if (input.rank() == 0 || run.rows() >= input.dim(0)) {
        continue;
      }
      for (Node n : nodes.subList(run.first(), run.last() + 1)) {
        for (Value y : skipped.contains(n) ? List.<Value>of() : n.outputs()) {
          if (lastUse.get(y) <= run.last()) {
            sliced.put(y, run.rows());
          }
        }
      }
    }
  }

  private Slices.Run run(int node) {
    return runs.stream().filter(r -> r.last() >= node).findFirst().orElseThrow();
  }

  /** The last step at which a whole value is needed: a run goes through all its steps again. */
  private int wholeLast(int lastUse) {
    return lastUse < nodes.size() ? run(lastUse).last() : lastUse;
  }

  /**
   * The block of output y: its input's where the operator may overwrite it and nobody reads it
   * later.
   */
  private Placement.Block placeOutput(Node n, int i, Value y, Map<Value, Integer> lastUse) {
    int input = n.op().inPlace(n);
    Value x = input < 0 ? null : n.input(input);
    boolean inPlace =
        x != null
            && !x.isConstant()
            && n.outputs().size() == 1
            && x.shape().equals(y.shape())
            && isSliced(x) == isSliced(y)
            && lastUse.get(root(x)) == i
            && n.inputs().stream().filter(v -> v != null && root(v) == root(x)).count() == 1;
    Placement.Block over = inPlace ? values.get(root(x)) : null;
    if (over != null && over.last() <= (isSliced(y) ? i : run(i).last())) {
      over.include(isSliced(y) ? lastUse.get(y) : wholeLast(lastUse.get(y)));
      return over;
    }
    if (isSliced(y)) {
      return block(bytes(y) / y.shape().dim(0) * sliced.get(y), i, lastUse.get(y));
    }
    return block(bytes(y), run(i).first(), wholeLast(lastUse.get(y)));
  }

  private void placeGradients(Set<Value> at, Value logits) {
    int end = 2 * nodes.size();
    Set<Value> held = new HashSet<>();
    at.forEach(v -> held.add(root(v)));
    held.add(root(logits));
    Placement.Block seed = block(bytes(logits), Math.max(nodes.size() - 1, 0), end);
    gradients.put(root(logits), seed);
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node n = nodes.get(i);
      if (!backward.contains(n)) {
        continue;
      }
      int step = backwardStep(i);
      for (Value y : n.outputs()) {
        if (!gradients.containsKey(root(y))) {
          gradients.put(root(y), block(bytes(y), step, step));
          silent.add(y);
        }
        gradients.get(root(y)).include(step);
      }
      if (!skipped.contains(n)) {
        placeInputGradients(n, step, held);
      }
    }
    for (Value v : held) {
      Placement.Block b = gradients.get(v);
      if (b != null) {
        b.include(end);
      }
    }
  }

  private void placeInputGradients(Node n, int step, Set<Value> held) {
    for (int k = 0; k < n.inputs().size(); k++) {
      Value x = n.input(k);
      if (x == null || x.isConstant() || !wanted.contains(x) || !n.op().differentiable(k)) {
        continue;
      }
      Placement.Block before = gradients.get(root(x));
      if (before != null) {
        before.include(step);
        boolean adds = n.op().accumulates();
        extra
            .computeIfAbsent(n, m -> new HashMap<>())
            .put(k, adds ? null : block(bytes(x), step, step));
        continue;
      }
      Value y = n.output();
      boolean inPlace =
          n.op().inPlace(n) == k
              && rules.inPlace(n)
              && n.outputs().size() == 1
              && !held.contains(root(y))
              && !held.contains(root(x))
              && x.shape().count() == y.shape().count();
      Placement.Block b = inPlace ? gradients.get(root(y)) : block(bytes(x), step, step);
      b.include(step);
      gradients.put(root(x), b);
    }
  }
}
