package candela.graph;

import candela.device.Work;
import candela.graph.Piece.Touched;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;

/** What a session runs, in pieces that tell which memory they touch. */
final class Pieces {
  private final Session session;
  private final Graph graph;
  private final Plan plan;

  /**
   * @param graph as it runs
   */
  Pieces(Session session, Graph graph, Plan plan) {
    this.session = session;
    this.graph = graph;
    this.plan = plan;
  }

  /**
   * @param order of the steps
   */
  List<Piece> forward(List<NodeStep> order) {
    List<Piece> pieces = new ArrayList<>();
    for (NodeStep s : order) {
      if (s.node().op() instanceof Parted op) {
        List<Parted.Part> parts = op.parts(s.node());
        for (int i = 0; i < parts.size(); i++) {
          int part = i;
          pieces.add(
              Touched.forward(s, parts.get(i))
                  .by(() -> session.named(s.node(), () -> op.forward(s, part))));
        }
      } else {
        pieces.add(Touched.forward(s).by(() -> session.forward(s)));
      }
    }
    return pieces;
  }

  /**
   * @param by the rule of every node
   */
  List<Piece> backward(Map<Node, Rule> by) {
    List<Piece> pieces = new ArrayList<>();
    for (NodeStep s : session.steps().reversed()) {
      if (session.runsBackward(s)) {
        Rule rule = by.get(s.node());
        if (s.node().op() instanceof Parted op && isParted(s, rule)) {
          parts(s, op, pieces);
        } else {
          pieces.add(
              whole(s, rule)
                  .by(
                      () -> {
                        session.backward(s, rule);
                        session.addExtras(s);
                      }));
        }
      }
    }
    return pieces;
  }

  /** Whether nothing but the operator's own backward runs. */
  private boolean isParted(NodeStep s, Rule rule) {
    for (int i = 0; i < s.x.length; i++) {
      if (plan.extra(s.node(), i) != null || rule.needsX(s.node(), i)) {
        return false;
      }
    }
    return rule.equals(Rule.GRADIENT) && !plan.isSilent(s.node().output());
  }

  private void parts(NodeStep s, Parted op, List<Piece> pieces) {
    List<Parted.Part> parts = op.parts(s.node());
    for (int i = 0; i < parts.size(); i++) {
      int part = i;
      if (s.dx[parts.get(i).input()] != null) {
        pieces.add(
            Touched.backward(s, parts.get(i), op.needsY())
                .by(() -> session.named(s.node(), () -> op.backward(s, part))));
      }
    }
  }

  private Touched whole(NodeStep s, Rule rule) {
    Node n = s.node();
    Touched t = Touched.backward(s);
    for (int i = 0; i < s.dy.length; i++) {
      t.add(s.dy[i], plan.isSilent(n.outputs().get(i)));
      if (rule.needsY(n)) {
        t.add(s.y[i], false);
      }
    }
    for (int i = 0; i < s.x.length; i++) {
      if (n.input(i) != null && !n.input(i).isConstant() && rule.needsX(n, i)) {
        t.add(s.x[i], false);
      }
      if (s.dx[i] != null && plan.extra(n, i) != null) {
        t.add(session.gradient(n.input(i)), true);
      }
    }
    for (Value v : rule.reads(graph, n)) {
      if (!v.isConstant()) {
        t.add(session.tensor(v), false);
      }
    }
    return t;
  }

  /** Of a graph, of so many pieces in their lanes: the same for every session of a model. */
  static String name(String what, Graph graph, List<Work> work) {
    StringBuilder all = new StringBuilder();
    for (Node n : graph.nodes()) {
      all.append(n.op().type()).append(n.inputs());
      n.outputs().forEach(y -> all.append(y.shape()).append(y.storage()));
    }
    work.forEach(w -> all.append(w.lane()).append(w.after()));
    CRC32 sum = new CRC32();
    sum.update(all.toString().getBytes(StandardCharsets.UTF_8));
    return String.format(Locale.ROOT, "lanes %s %d %08x", what, work.size(), sum.getValue());
  }
}
