package candela.graph.op;

import candela.device.Device;
import candela.device.Memory;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Weighted sums along one axis: element j of the output is the sum over first[j] &lt;= t &lt;
 * first[j+1] of weight[t] times element index[t] of the input. Resizing, padding by copies, and
 * picking constant positions.
 */
public record AlongAxis(int axis, int[] first, int[] index, float[] weight) implements Op {
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
    private final Memory[] held;

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
      held =
          new Memory[] {
            upload(device, MemorySegment.ofArray(a.first)),
            upload(device, MemorySegment.ofArray(a.index)),
            upload(device, MemorySegment.ofArray(a.weight)),
            upload(device, MemorySegment.ofArray(start)),
            upload(device, MemorySegment.ofArray(from)),
            upload(device, MemorySegment.ofArray(by))
          };
    }

    private static Memory upload(Device device, MemorySegment values) {
      Memory m = device.allocate(Math.max(4, values.byteSize()));
      device.copyIn(values, m.segment().asSlice(0, values.byteSize()));
      return m;
    }

    MemorySegment get(int i) {
      return held[i].segment();
    }

    @Override
    public void close() {
      for (Memory m : held) {
        m.close();
      }
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

  private void run(Step s, Shape in, int table, boolean accumulate, Tensor x, Tensor y) {
    Tables t = s.plan(() -> new Tables(s.device(), this, in.dim(axis)));
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
  public boolean accumulates() {
    return true;
  }

  @Override
  public Op permuted(int[] perm) {
    return new AlongAxis(Strides.position(perm, axis), first, index, weight);
  }
}
