package candela.graph;

import candela.device.Device;
import candela.device.Memory;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What of a session was asked for by name, values or gradients, read in the model's layout. */
final class Readings implements AutoCloseable {
  private final Device device;
  private final Graph graph;
  private final int batch;
  private final Map<String, Readable> all = new LinkedHashMap<>();

  /**
   * Its memory, its layout, and a place for it in the model's layout.
   *
   * @param perm null where it has that layout
   */
  private record Readable(Tensor held, int[] perm, Memory turned) {}

  Readings(Device device, Graph graph, int batch) {
    this.device = device;
    this.graph = graph;
    this.batch = batch;
  }

  void add(String name, Tensor held, int[] perm) {
    Memory turned = perm == null ? null : device.allocate(held.count() * 4L);
    all.put(name, new Readable(held, perm, turned));
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  /** What a name stands for; the first of several. */
  Tensor of(String name) {
    Readable r = all.get(name);
    if (r == null) {
      throw new IllegalStateException("session was not opened for the gradient at '" + name + "'");
    }
    if (r.perm() == null) {
      return r.held();
    }
    Shape to = Transposition.shape(r.held().shape(), r.perm());
    MemorySegment turned = r.turned().segment().asSlice(0, to.count() * 4L);
    int[] from = r.held().shape().strides();
    int[] strides = new int[from.length];
    for (int i = 0; i < from.length; i++) {
      strides[i] = from[r.perm()[i]];
    }
    device
        .kernels()
        .move()
        .copyStrided(false, to.rank(), to.dims(), strides, to.strides(), r.held().data(), turned);
    return new Tensor(to, turned);
  }

  /** All that a name stands for, each with a row an image. */
  List<Tensor> allOf(String name) {
    return IntStream.range(0, graph.parts(name))
        .mapToObj(i -> byImage(of(Graph.part(name, i))))
        .toList();
  }

  /** With an axis of images before that of their parts. */
  private Tensor byImage(Tensor t) {
    Shape s = t.shape();
    if (s.rank() == 0 || s.dim(0) == batch || s.dim(0) % batch != 0) {
      return t;
    }
    int[] d = new int[s.rank() + 1];
    d[0] = batch;
    d[1] = s.dim(0) / batch;
    System.arraycopy(s.dims(), 1, d, 2, s.rank() - 1);
    return t.as(Shape.of(d));
  }

  @Override
  public void close() {
    for (Readable r : all.values()) {
      if (r.turned() != null) {
        r.turned().close();
      }
    }
  }
}
