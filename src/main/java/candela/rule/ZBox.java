package candela.rule;

import candela.graph.Graph;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.graph.Weights.Part;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/**
 * Relevance is shared out by how far a pixel stands from the end of its range that would lower the
 * sum: for the layer that reads the image.
 *
 * <p><b>Definition:</b> R_i = Σ_j (x_i w_ij − l_i w⁺_ij − h_i w⁻_ij) R_j / (the sum of that over i
 * + ε).
 *
 * <p><b>Shapes:</b> as the operator's; low[C], high[C] for the channels, or one value for all.
 *
 * <p><b>Parameters:</b> low, high (smallest and largest value of a pixel, in the network's input);
 * epsilon (0 or more).
 *
 * <p><b>Cost:</b> three products and three transposes.
 *
 * <p><b>Source:</b> Montavon et al. 2017, "Explaining nonlinear classification decisions with deep
 * Taylor decomposition", section 4.1.
 *
 * <p><b>Differences:</b> no bias: zennit keeps it, and it cancels there. Pixels that padding adds
 * have no range and take no part.
 */
public record ZBox(List<Float> low, List<Float> high, float epsilon) implements Affinely {
  public ZBox {
    low = List.copyOf(low);
    high = List.copyOf(high);
    if (low.isEmpty() || low.size() != high.size()) {
      throw CandelaException.of(
          "zbox: as many low as high values expected, got %d and %d", low.size(), high.size());
    }
  }

  @Override
  public void backward(Node node, Step step) {
    Sharing s = new Sharing(node, step);
    Weights all = Weights.of(Part.ALL, false);
    Weights rising = Weights.of(Part.POSITIVE, false);
    Weights falling = Weights.of(Part.NEGATIVE, false);
    Tensor end = s.input();
    Tensor c = s.input();
    Tensor z = s.apply(s.x(), all, s.output());
    Tensor t = s.output();
    s.add(-1, s.apply(fill(step, s, low, end), rising, t), z);
    s.add(-1, s.apply(fill(step, s, high, end), falling, t), z);
    s.quotient(epsilon, z);
    s.give(1, s.x(), s.transpose(z, all, c));
    s.give(-1, fill(step, s, low, end), s.transpose(z, rising, c));
    s.give(-1, fill(step, s, high, end), s.transpose(z, falling, c));
  }

  private static Tensor fill(Step step, Sharing s, List<Float> values, Tensor a) {
    return values.size() == 1 ? s.fill(values.get(0), a) : s.repeat(Held.of(step, values), a);
  }

  @Override
  public void check(Graph graph, Node node) {
    Sharing.check(node);
    Value v = node.input(Linear.of(node).operand(node));
    for (Node p = graph.producer(v); p != null; p = graph.producer(v)) {
      if (Role.of(p) != Role.MOVE || p.inputs().size() != 1) {
        throw CandelaException.of(
            "z^B needs the range of its input, but the input comes through %s; use flat or"
                + " w_square",
            p.label());
      }
      v = p.input(0);
    }
    Shape x = node.input(Linear.of(node).operand(node)).shape();
    if (low.size() != 1 && low.size() != x.dim(-1)) {
      throw CandelaException.of(
          "z^B has the range of %d channels, the input %s has %d; use flat or w_square",
          low.size(), x, x.dim(-1));
    }
  }

  @Override
  public int inputs() {
    return 2;
  }

  @Override
  public int outputs() {
    return 2;
  }
}
