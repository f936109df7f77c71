package candela.graph;

import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * Readers of operators that tell how many elements there are by what these hold, which must not be
 * the image's to say: NonZero, Compress and Unique.
 */
final class MaskReaders {
  /** Elements of a Unique, which are sorted. */
  private static final int LARGEST = 1 << 20;

  private MaskReaders() {}

  /** Where the elements are that are not 0, an axis a row. */
  static Value nonZero(Call c) {
    OnnxTensor x = counted(c, 0, "the number of elements that are not 0");
    int[] places = places(c, x);
    int rank = x.shape().rank();
    c.builder().make((long) rank * places.length);
    int[] strides = x.shape().strides();
    long[] y = new long[rank * places.length];
    for (int i = 0; i < y.length; i++) {
      int d = i / places.length;
      y[i] = places[i % places.length] / strides[d] % x.shape().dim(d);
    }
    return c.of(Shape.of(rank, places.length), y);
  }

  /** Elements, or what lies along an axis, where the condition holds. */
  static Value compress(Call c) {
    Value x = c.x(0);
    OnnxTensor condition = counted(c, 1, "how many are left");
    if (condition.shape().rank() != 1 || !condition.isInteger()) {
      throw CandelaException.of("the condition %s must be a list of booleans", condition.shape());
    }
    boolean flat = !c.node().has("axis");
    Value line = flat ? c.reshape(x, x.shape().count()) : x;
    int axis = flat ? 0 : Call.axis(c.integer("axis", 0), x.shape().rank());
    int[] places = places(c, condition);
    if (places.length > 0 && places[places.length - 1] >= line.shape().dim(axis)) {
      throw CandelaException.of(
          "the condition holds at %d, outside axis %d of %s",
          places[places.length - 1], axis, line.shape());
    }
    return IndexReaders.picked(c, line, axis, places);
  }

  /** Which elements are not 0. */
  private static int[] places(Call c, OnnxTensor x) {
    c.builder().make(x.shape().count());
    double[] v = Fold.doubles(x);
    int[] places = new int[v.length];
    int n = 0;
    for (int i = 0; i < v.length; i++) {
      if (v[i] != 0) {
        places[n++] = i;
      }
    }
    return Arrays.copyOf(places, n);
  }

  /** Different elements, or parts along an axis, in their order or as they come first. */
  static Value unique(Call c) {
    Value x = c.x(0);
    Shape s = x.shape();
    OnnxTensor t = counted(c, 0, "how many different ones there are");
    boolean flat = !c.node().has("axis");
    int axis = flat ? 0 : Call.axis(c.integer("axis", 0), s.rank());
    int length = flat ? s.count() : s.dim(axis);
    boolean sorted = c.integer("sorted", 1) != 0;
    if (Math.max(length, s.count()) > LARGEST) {
      throw CandelaException.of("%s has more than %d elements", s, LARGEST);
    }
    c.builder().make(2L * s.count() + length);
    double[][] parts = parts(t, length, flat ? 1 : s.count(axis + 1, s.rank()));
    var first = new TreeMap<double[], Integer>(Arrays::compare);
    for (int i = 0; i < length; i++) {
      first.putIfAbsent(parts[i], i);
    }
    List<Integer> kept = new ArrayList<>(first.values());
    if (!sorted) {
      kept.sort(null);
    }
    int[] rank = new int[length];
    for (int k = 0; k < kept.size(); k++) {
      rank[kept.get(k)] = k;
    }
    long[] inverse = new long[length];
    long[] counts = new long[kept.size()];
    for (int i = 0; i < length; i++) {
      inverse[i] = rank[first.get(parts[i])];
      counts[(int) inverse[i]]++;
    }
    int[] index = kept.stream().mapToInt(i -> i).toArray();
    c.also(1, c.of(Shape.of(index.length), Arrays.stream(index).asLongStream().toArray()));
    c.also(2, c.of(Shape.of(length), inverse));
    c.also(3, c.of(Shape.of(index.length), counts));
    return IndexReaders.picked(c, flat ? c.reshape(x, length) : x, axis, index);
  }

  /** What lies at each place of an axis; of 0 there is one. */
  private static double[][] parts(OnnxTensor t, int length, int inner) {
    double[] x = Fold.doubles(t);
    double[][] parts = new double[length][length == 0 ? 0 : x.length / length];
    for (int i = 0; i < x.length; i++) {
      int row = i / inner;
      parts[row % length][row / length * inner + i % inner] = x[i] == 0 ? 0 : x[i];
    }
    return parts;
  }

  private static OnnxTensor counted(Call c, int i, String what) {
    Value v = c.builder().known(c.x(i));
    if (!v.isConstant()) {
      throw CandelaException.of(
          "%s depends on the image, by '%s'; supported is what follows from shapes and constants",
          what, v.name());
    }
    return v.constant();
  }
}
