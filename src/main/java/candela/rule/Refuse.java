package candela.rule;

import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.CandelaException;

/**
 * The rule of operators for which a method has no meaning: the session does not open.
 *
 * @param why a sentence that says what to do instead
 */
public record Refuse(String why) implements Rule {
  @Override
  public void backward(Node node, Step step) {
    throw new IllegalStateException(node.label() + " was refused when the session opened");
  }

  @Override
  public void check(Graph graph, Node node) {
    throw new CandelaException(why);
  }
}
