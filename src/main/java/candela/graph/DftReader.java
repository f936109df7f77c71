package candela.graph;

import candela.graph.op.Activation;
import candela.graph.op.Matrix;
import candela.tensor.CandelaException;
import candela.tensor.Shape;

/** Reader of discrete Fourier transforms: products with a matrix of sines and cosines. */
final class DftReader {
  /** Elements of the matrix: 1024 numbers of two parts. */
  private static final int LARGEST = 1 << 22;

  /** What a sine takes, in elements that are made. */
  private static final int SINE = 8;

  private DftReader() {}

  static Value read(Call c) {
    Shape x = c.x(0).shape();
    int rank = x.rank();
    int parts = rank < 2 ? 0 : x.dim(-1);
    boolean listed = c.opset() < 20;
    long place = listed ? c.integer("axis", 1) : c.has(2) ? (long) c.number(2, "axis") : -2;
    int axis = Call.axis(place, rank);
    boolean back = c.integer("inverse", 0) != 0;
    boolean half = c.integer("onesided", 0) != 0;
    boolean fits = back && half ? parts == 2 : parts == 1 || parts == 2 && !half;
    if (!fits || axis == rank - 1) {
      throw CandelaException.of(
          "axis %d of %s; supported are axes before the last, which has one part or, unless only"
              + " half of what comes out is wanted, two",
          axis, x);
    }
    int in = x.dim(axis);
    double given = c.has(1) ? c.number(1, "dft_length") : back && half ? 2 * (in - 1) : in;
    if (!(given >= 1 && given <= LARGEST)) {
      throw CandelaException.of("a length of %s; 1 to %d are supported", given, LARGEST);
    }
    int n = (int) given;
    int out = half && !back ? n / 2 + 1 : n;
    int kept = half && back ? 1 : 2;
    if ((long) in * parts * out * kept > LARGEST) {
      throw CandelaException.of("%d numbers give %d; the table is too large", in, out);
    }
    c.builder().make((long) SINE * in * parts * out * kept);
    float[] table = back && half ? real(in, n) : table(in, parts, out, n, back ? -1 : 1);
    Value weights = c.of(Shape.of(in * parts, out * kept), table);
    int[] perm = new int[rank];
    for (int d = 0; d < rank; d++) {
      perm[d] = d < axis || d == rank - 1 ? d : d == rank - 2 ? axis : d + 1;
    }
    Value rows = c.transpose(c.x(0), perm);
    int[] dims = rows.shape().dims();
    int each = in == 0 ? 0 : x.count() / (in * parts);
    Value y = c.add(new Matrix(false, Activation.NONE), c.reshape(rows, each, in * parts), weights);
    dims[rank - 2] = out;
    dims[rank - 1] = kept;
    return c.transpose(c.reshape(y, dims), Transposition.inverse(perm));
  }

  /**
   * Of number k and part p the part in number m and part q: turned by k m of n parts of a circle.
   *
   * @param way -1 for an inverse, which is divided by n
   */
  private static float[] table(int in, int parts, int out, int n, int way) {
    float[] table = new float[in * parts * out * 2];
    for (int i = 0; i < table.length; i++) {
      int m = i / 2 % out;
      int k = i / 2 / out / parts;
      boolean same = i % 2 == i / 2 / out % parts;
      double turn = way * 2 * Math.PI * ((long) k * m % n) / n;
      double sine = i % 2 == 0 ? Math.sin(turn) : -Math.sin(turn);
      double v = k >= n ? 0 : same ? Math.cos(turn) : sine;
      table[i] = (float) (way < 0 ? v / n : v);
    }
    return table;
  }

  /** Of one half of a spectrum, whose other half is its mirror image, the real inverse. */
  private static float[] real(int in, int n) {
    float[] table = new float[in * 2 * n];
    for (int i = 0; i < table.length; i++) {
      int k = i / n / 2;
      double turn = 2 * Math.PI * ((long) k * (i % n) % n) / n;
      double v = i / n % 2 == 0 ? Math.cos(turn) : -Math.sin(turn);
      int times = k > n / 2 ? 0 : k == 0 || 2 * k == n ? 1 : 2;
      table[i] = (float) (times * v / n);
    }
    return table;
  }
}
