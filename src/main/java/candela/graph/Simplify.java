package candela.graph;

import java.util.List;
import java.util.Set;

/**
 * Rewrites a graph into a faster one with the same outputs. Each pass is a pure function; {@link
 * #PASSES} is their order.
 */
public final class Simplify {
  /** One rewriting of the graph. */
  public interface Pass {
    /**
     * @param keep names of model values that must remain readable: they are not fused away
     */
    Graph apply(Graph graph, Set<String> keep);
  }

  /** All passes, in the order in which each finds what the ones before prepared. */
  public static final List<Pass> PASSES =
      List.of(
          new RemoveIdentity(),
          new DeadCode(),
          new FoldConstants(),
          new ShrinkConstants(),
          new FoldScalars(),
          new CancelTransposes(),
          new RemoveIdentity(),
          new DeadCode(),
          new RecogniseActivations(),
          new RecogniseLayerNorm(),
          new FoldScalars(),
          new FuseProduct(),
          new DeadCode(),
          new ChannelAffine(),
          new FoldAffine(),
          new FuseResidual(),
          new FuseActivation(),
          new FuseConcat(),
          new DeadCode());

  /** The passes of a session with rules: what rules tell apart stays apart. */
  private static final List<Pass> WITHOUT_FUSION =
      PASSES.stream()
          .filter(p -> !(p instanceof FuseResidual) && !(p instanceof FuseActivation))
          .filter(p -> !(p instanceof FuseConcat) && !(p instanceof FuseProduct))
          .toList();

  private Simplify() {}

  public static Graph all(Graph graph, Set<String> keep) {
    return run(PASSES, graph, keep);
  }

  /**
   * All but the fusions: rules see the layer, the sum, the activation and the concatenation. Batch
   * normalisation is still folded into the layer before it.
   */
  public static Graph forRules(Graph graph, Set<String> keep) {
    return run(WITHOUT_FUSION, graph, keep);
  }

  private static Graph run(List<Pass> passes, Graph graph, Set<String> keep) {
    for (Pass pass : passes) {
      graph = pass.apply(graph, keep);
    }
    return graph;
  }
}
