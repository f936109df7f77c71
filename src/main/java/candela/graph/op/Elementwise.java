package candela.graph.op;

import candela.device.Unary;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A function of one element, with its parameters. */
public record Elementwise(Unary kind, float alpha, float beta) implements Op {
  public Elementwise(Unary kind) {
    this(kind, 0, 0);
  }

  @Override
  public String type() {
    return kind.name();
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape());
  }

  @Override
  public void forward(Step s) {
    s.device()
        .kernels()
        .elementwise()
        .unaryForward(kind, alpha, beta, s.x().count(), s.x().data(), s.y().data());
  }

  @Override
  public void backward(Step s) {
    s.device()
        .kernels()
        .elementwise()
        .unaryBackward(
            kind,
            alpha,
            beta,
            s.accumulate(0),
            s.dy().count(),
            kind.readsX() ? s.x().data() : MemorySegment.NULL,
            kind.readsY() ? s.y().data() : MemorySegment.NULL,
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public boolean differentiable(int i) {
    return kind.differentiable();
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return kind.readsX();
  }

  @Override
  public boolean needsY() {
    return kind.readsY();
  }

  @Override
  public int inPlace(Node node) {
    return 0;
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return Reach.PIXEL;
  }

  @Override
  public Op permuted(int[] perm) {
    return this;
  }
}
