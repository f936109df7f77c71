package candela.graph;

import java.util.Set;

/**
 * Drops nodes that hand their input on unchanged: Identity, Dropout at inference, reshapes to the
 * same shape.
 */
final class RemoveIdentity implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Rewrite r = new Rewrite(graph);
    for (Node old : graph.nodes()) {
      Node n = r.now(old);
      boolean identity =
          n.op().isView()
              && n.input(0).shape().equals(n.output().shape())
              && !graph.outputs().contains(n.output());
      if (identity) {
        r.replace(n.output(), n.input(0));
      } else {
        r.add(n);
      }
    }
    return r.finish();
  }
}
