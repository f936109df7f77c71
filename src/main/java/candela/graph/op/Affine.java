package candela.graph.op;

import candela.device.Memory;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Scale and shift of the last axis by constants: x[…,C], scale[C], shift[C]. */
public record Affine() implements Linear {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    if (x.rank() < 1
        || inputs.get(1).shape().count() != x.dim(-1)
        || inputs.get(2).shape().count() != x.dim(-1)) {
      throw CandelaException.of(
          "scale %s and shift %s do not fit the channels of %s",
          inputs.get(1).shape(), inputs.get(2).shape(), x);
    }
    return List.of(x);
  }

  @Override
  public void forward(Step s) {
    long c = s.x().shape().dim(-1);
    s.device()
        .kernels()
        .broadcast()
        .affineForward(
            s.x().storage(),
            s.x().count() / Math.max(c, 1),
            c,
            s.x().data(),
            s.x(1).data(),
            s.x(2).data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    long c = s.x().shape().dim(-1);
    s.device()
        .kernels()
        .broadcast()
        .affineBackward(
            s.dy().storage(),
            s.x().count() / Math.max(c, 1),
            c,
            s.accumulate(0),
            s.x(1).data(),
            s.dy().data(),
            s.dx().data());
  }

  /** Scale and shift, changed; no shift is a shift by 0. */
  private static final class Changed implements AutoCloseable {
    private final Memory scale;
    private final Memory shift;

    Changed(Step s, Weights w) {
      scale = Packed.changed(s, 1, w);
      int c = s.node().input(0).shape().dim(-1);
      try {
        shift =
            w.bias()
                ? Packed.changed(s, 2, w)
                : s.device().upload(MemorySegment.ofArray(new float[c]));
      } catch (RuntimeException | Error e) {
        scale.close();
        throw e;
      }
    }

    @Override
    public void close() {
      scale.close();
      shift.close();
    }
  }

  @Override
  public void apply(Step s, Tensor a, Weights w, Tensor z) {
    Changed changed = s.plan(w, () -> new Changed(s, w));
    int c = a.shape().dim(-1);
    MemorySegment scale = changed.scale.segment();
    s.device()
        .kernels()
        .broadcast()
        .affineForward(
            a.storage(),
            a.count() / Math.max(c, 1),
            c,
            a.data(),
            scale,
            changed.shift.segment(),
            z.data());
  }

  @Override
  public void transpose(Step s, Tensor r, Weights w, Tensor c) {
    Changed changed = s.plan(w, () -> new Changed(s, w));
    int channels = r.shape().dim(-1);
    s.device()
        .kernels()
        .broadcast()
        .affineBackward(
            r.storage(),
            r.count() / Math.max(channels, 1),
            channels,
            false,
            changed.scale.segment(),
            r.data(),
            c.data());
  }

  @Override
  public boolean differentiable(int i) {
    return i == 0;
  }

  @Override
  public Width width(Node node) {
    return Width.AS_INPUT;
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
  public int inPlace(Node node) {
    return 0;
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return i == 0 && down == 1 ? Reach.PIXEL : null;
  }

  @Override
  public Op permuted(int[] perm) {
    return perm[perm.length - 1] == perm.length - 1 ? this : null;
  }

  @Override
  public boolean isPermuted(int i) {
    return i == 0;
  }
}
