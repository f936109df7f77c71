package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.util.List;

/** Local response normalisation over the last axis, as ONNX defines it. */
public record Lrn(int size, float alpha, float beta, float bias) implements Op {
  @Override
  public String type() {
    return "LRN";
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape());
  }

  @Override
  public void forward(Step s) {
    long c = s.x().shape().dim(-1);
    s.device()
        .kernels()
        .norm()
        .lrnForward(
            s.x().count() / Math.max(c, 1), c, size, alpha, beta, bias, s.x().data(), s.y().data());
  }

  @Override
  public void backward(Step s) {
    long c = s.x().shape().dim(-1);
    s.device()
        .kernels()
        .norm()
        .lrnBackward(
            s.accumulate(0),
            s.x().count() / Math.max(c, 1),
            c,
            size,
            alpha,
            beta,
            bias,
            s.x().data(),
            s.y().data(),
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return down == 1 ? Reach.PIXEL : null;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return true;
  }

  @Override
  public boolean needsY() {
    return true;
  }
}
