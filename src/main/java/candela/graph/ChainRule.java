package candela.graph;

/** The operator's own backward. */
record ChainRule() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    node.op().backward(step);
  }

  @Override
  public boolean inPlace() {
    return true;
  }
}
