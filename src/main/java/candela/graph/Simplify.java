package candela.graph;

import candela.tensor.Shape;
import java.util.List;
import java.util.Map;
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
  public static final List<Pass> PASSES = passes(Map.of(), false);

  private Simplify() {}

  private static List<Pass> passes(Map<String, Shape> two, boolean rules) {
    return List.of(
        new RemoveIdentity(two),
        new DeadCode(),
        new FoldConstants(),
        new ShrinkConstants(),
        new FoldScalars(),
        new RecogniseLayerNorm(), // before transposes move in between its nodes
        new DeadCode(),
        new FoldPads(),
        new CancelTransposes(two, rules),
        new RemoveIdentity(two),
        new DeadCode(),
        new RecogniseSigmoid(),
        new RecogniseActivations(),
        new RecogniseLayerNorm(),
        new RecogniseSoftmax(),
        new JoinSigmoids(),
        new OneOfTwo(),
        new FoldScalars(),
        new FuseProduct(),
        new DeadCode(),
        new ChannelAffine(),
        new FoldAffine(),
        new FuseResidual(),
        new FuseActivation(),
        new FuseConcat(),
        new DeadCode());
  }

  public static Graph all(Graph graph, Set<String> keep) {
    return all(graph, keep, Map.of());
  }

  /**
   * @param two shapes that values have for two images, by name: a graph for one is rewritten as
   *     that for several; empty where it is for several, or none can be had
   */
  static Graph all(Graph graph, Set<String> keep, Map<String, Shape> two) {
    return run(passes(two, false), graph, keep);
  }

  /**
   * All but the fusions: rules see the layer, the sum, the activation and the concatenation. Batch
   * normalisation is still folded into the layer before it. Images stay along the first axis.
   */
  static Graph forRules(Graph graph, Set<String> keep, Map<String, Shape> two) {
    List<Pass> passes =
        passes(two, true).stream()
            .filter(p -> !(p instanceof FuseResidual) && !(p instanceof FuseActivation))
            .filter(p -> !(p instanceof FuseConcat) && !(p instanceof FuseProduct))
            .toList();
    return run(passes, graph, keep);
  }

  private static Graph run(List<Pass> passes, Graph graph, Set<String> keep) {
    for (Pass pass : passes) {
      graph = pass.apply(graph, keep);
    }
    return graph;
  }
}
