package candela.graph.op;

import candela.device.Device;
import candela.device.Memory;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Weighted sums along one axis: element j of the output is the sum over first[j] &lt;= t &lt;
 * first[j+1] of weight[t] times element index[t] of the input. Resizing, padding by copies, and
 * picking constant positions.
 */
public record AlongAxis(int axis, int[] first, int[] index, float[] weight) implements Linear {
  /** Element j of the output is element index[j] of the input. */
  public static AlongAxis copies(int axis, int[] index) {
    int[] first = new int[index.length + 1];
    float[] weight = new float[index.length];
    Arrays.setAll(first, i -> i);
    Arrays.fill(weight, 1);
    return new AlongAxis(axis, first, index, weight);
  }

  /** The tables on the device, and those of the transpose. */
  private static final class Tables implements AutoCloseable {
    private final List<Memory> held = new ArrayList<>();

    Tables(Device device, AlongAxis a, int nIn) {
      int nOut = a.first.length - 1;
      int[] start = new int[nIn + 1];
      for (int i : a.index) {
        start[i + 1]++;
      }
      for (int i = 0; i < nIn; i++) {
        start[i + 1] += start[i];
      }
      int[] next = start.clone();
      int[] from = new int[a.index.length];
      float[] by = new float[a.index.length];
      for (int j = 0; j < nOut; j++) {
        for (int t = a.first[j]; t < a.first[j + 1]; t++) {
          int at = next[a.index[t]]++;
          from[at] = j;
          by[at] = a.weight[t];
        }
      }
      try {
        held.add(device.upload(MemorySegment.ofArray(a.first)));
        held.add(device.upload(MemorySegment.ofArray(a.index)));
        held.add(device.upload(MemorySegment.ofArray(a.weight)));
        held.add(device.upload(MemorySegment.ofArray(start)));
        held.add(device.upload(MemorySegment.ofArray(from)));
        held.add(device.upload(MemorySegment.ofArray(by)));
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    MemorySegment get(int i) {
      return held.get(i).segment();
    }

    @Override
    public void close() {
      held.forEach(Memory::close);
    }
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape().with(axis, first.length - 1));
  }

  @Override
  public void forward(Step s) {
    run(s, s.x().shape(), 0, false, s.x(), s.y());
  }

  @Override
  public void backward(Step s) {
    run(s, s.dx().shape(), 3, s.accumulate(0), s.dy(), s.dx());
  }

  /** Whether every output element is one input element, unchanged. */
  public boolean picks() {
    for (int j = 0; j + 1 < first.length; j++) {
      if (first[j + 1] - first[j] != 1 || weight[first[j]] != 1) {
        return false;
      }
    }
    return true;
  }

  /** With changed weights: those of taps at the same element are added first. */
  private AlongAxis changed(Weights w) {
    int[] starts = new int[first.length];
    int[] at = new int[index.length];
    float[] by = new float[index.length];
    int n = 0;
    for (int j = 0; j + 1 < first.length; j++) {
      int start = n;
      for (int t = first[j]; t < first[j + 1]; t++) {
        int same = start;
        while (same < n && at[same] != index[t]) {
          same++;
        }
        at[same] = index[t];
        by[same] = same < n ? by[same] + weight[t] : weight[t];
        n = Math.max(n, same + 1);
      }
      starts[j + 1] = n;
    }
    return new AlongAxis(axis, starts, Arrays.copyOf(at, n), w.of(Arrays.copyOf(by, n)));
  }

  private Tables tables(Step s, Weights w) {
    int n = s.node().input(0).shape().dim(axis);
    return s.plan(w, () -> new Tables(s.device(), changed(w), n));
  }

  @Override
  public void apply(Step s, Tensor a, Weights w, Tensor z) {
    run(s, tables(s, w), a.shape(), 0, false, a, z);
  }

  @Override
  public void transpose(Step s, Tensor r, Weights w, Tensor c) {
    run(s, tables(s, w), c.shape(), 3, false, r, c);
  }

  private void run(Step s, Shape in, int table, boolean accumulate, Tensor x, Tensor y) {
    run(s, s.plan(() -> new Tables(s.device(), this, in.dim(axis))), in, table, accumulate, x, y);
  }

  private void run(Step s, Tables t, Shape in, int table, boolean accumulate, Tensor x, Tensor y) {
    s.device()
        .kernels()
        .resample()
        .resample(
            accumulate,
            in.count(0, axis),
            x.shape().dim(axis),
            y.shape().dim(axis),
            in.count(axis + 1, in.rank()),
            t.get(table),
            t.get(table + 1),
            t.get(table + 2),
            x.data(),
            y.data());
  }

  @Override
  public boolean byRows(Node node) {
    return axis > 0;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public Op permuted(int[] perm) {
    return new AlongAxis(Strides.position(perm, axis), first, index, weight);
  }
}
