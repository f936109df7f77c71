package candela.method;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Networks of a few weights as ONNX files, written field by field. */
public final class Toy {
  private static final int FLOAT = 1;
  private static final int INT = 2;
  private static final int INTS = 7;
  private static final int INT64 = 7;

  private final List<ByteString> nodes = new ArrayList<>();
  private final List<ByteString> weights = new ArrayList<>();
  private final int[] input;
  private String last = "x";

  private Toy(int... input) {
    this.input = input;
  }

  /** x[3]: Linear ones 4 × 3, b = −10, 1, 1, 1; ReLU; Linear ones 2 × 4, b = −1, 1. */
  public static Path ml(Path folder) {
    return new Toy(3)
        .linear(4, ones(12), -10, 1, 1, 1)
        .relu()
        .linear(2, ones(8), -1, 1)
        .save(folder.resolve("ml.onnx"));
  }

  /** ReLU(ReLU(x1) − 1 − ReLU(x2)). */
  public static Path bm2(Path folder) {
    return new Toy(2)
        .relu()
        .linear(1, new float[] {1, -1}, -1)
        .relu()
        .save(folder.resolve("bm2.onnx"));
  }

  /** Image [1,4,4] → Conv 1 → 2, 3 × 3 of ones, b = −50, −75 → ReLU → Linear 8 → 4 → ReLU. */
  public static Path conv(Path folder) {
    float[] rows = new float[32];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i % 8 < 5 ? 1 : -1;
    }
    return new Toy(1, 4, 4)
        .conv(2, 3, ones(18), new float[] {-50, -75})
        .relu()
        .flatten()
        .linear(4, rows, 0, 0, 0, 0)
        .relu()
        .save(folder.resolve("conv.onnx"));
  }

  /** x[3] → Linear 3 × 3 of 2 → ReLU → Linear 1 × 3 of 3. No bias. */
  public static Path slrp(Path folder) {
    float[] w = new float[9];
    Arrays.fill(w, 2);
    return new Toy(3)
        .linear(3, w, 0, 0, 0)
        .relu()
        .linear(1, new float[] {3, 3, 3}, 0)
        .save(folder.resolve("slrp.onnx"));
  }

  /** 18 times the sum of x[n]. */
  public static Path sum(Path folder, int n) {
    float[] w = new float[n];
    Arrays.fill(w, 18);
    return new Toy(n).linear(1, w, 0).save(folder.resolve("sum.onnx"));
  }

  /** min(x1, x2) for x1 > 0: ReLU(x1) − ReLU(x1 − x2). */
  public static Path min(Path folder) {
    return new Toy(2)
        .linear(2, new float[] {1, 0, 1, -1}, 0, 0)
        .relu()
        .linear(1, new float[] {1, -1}, 0)
        .save(folder.resolve("min.onnx"));
  }

  /** Image [1,4,4] → Conv 1 → 2, 3 × 3 of ones, b = −50, −75 → ReLU → average → Linear 2, −1. */
  public static Path average(Path folder) {
    return new Toy(1, 4, 4)
        .conv(2, 3, ones(18), new float[] {-50, -75})
        .relu()
        .node("GlobalAveragePool", List.of())
        .flatten()
        .linear(2, new float[] {2, -1, 1, 1}, 0, 0)
        .save(folder.resolve("average.onnx"));
  }

  /** Of an image [1,2,2]. */
  public static Path pixels(Path folder) {
    return pixels(folder, 2);
  }

  /** Image [1,n,n] → x, −x → average → Linear n², 0: the sum of the pixels. */
  static Path pixels(Path folder, int n) {
    return new Toy(1, n, n)
        .conv(2, 1, new float[] {1, -1}, new float[] {0, 0})
        .node("GlobalAveragePool", List.of())
        .flatten()
        .linear(2, new float[] {n * n, 0, 0, 1}, 0, 0)
        .save(folder.resolve("pixels.onnx"));
  }

  /** [3,9,7]: convolution to 5 channels, ReLU, Linear to 4 classes; drawn at random. */
  public static Path random(Path folder) {
    Random r = new Random(7);
    return new Toy(3, 9, 7)
        .conv(5, 3, draw(r, 135), draw(r, 5))
        .relu()
        .flatten()
        .linear(4, draw(r, 4 * 5 * 7 * 5), draw(r, 4))
        .save(folder.resolve("random.onnx"));
  }

  /**
   * [3,9,7]: convolution of 1 × 1 to 5 channels, ReLU, attention among the 63 pixels, Linear to 4
   * classes; drawn at random.
   */
  public static Path attending(Path folder) {
    Random r = new Random(7);
    Toy t = new Toy(3, 9, 7).conv(5, 1, draw(r, 15), draw(r, 5)).relu();
    t.node("Reshape", List.of(t.longs(0, 5, 63))).transpose();
    String tokens = t.last;
    t.node("MatMul", List.of(t.weight(draw(r, 25), 5, 5)));
    String queries = t.last;
    t.from(tokens).transpose();
    String keys = t.last;
    t.from(queries).node("MatMul", List.of(keys)).node("Softmax", List.of());
    String weights = t.last;
    t.from(tokens).node("MatMul", List.of(t.weight(draw(r, 25), 5, 5)));
    String values = t.last;
    t.from(weights).node("MatMul", List.of(values)).flatten();
    return t.linear(4, draw(r, 4 * 63 * 5), draw(r, 4)).save(folder.resolve("attending.onnx"));
  }

  /**
   * Image [1,2,2] whose pixels are tokens that attend to all alike, ¼; Linear 1, 1, 1, 13 of what
   * they get: 4 times the sum of the pixels.
   */
  public static Path tokens(Path folder) {
    Toy t = new Toy(1, 2, 2).conv(1, 1, new float[] {1}, new float[] {0});
    t.node("Reshape", List.of(t.longs(0, 1, 4))).transpose();
    String tokens = t.last;
    t.node("MatMul", List.of(t.weight(new float[4], 1, 4))).node("Softmax", List.of());
    t.node("MatMul", List.of(tokens)).flatten();
    return t.linear(1, new float[] {1, 1, 1, 13}, 0).save(folder.resolve("tokens.onnx"));
  }

  static float[] draw(Random r, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) r.nextGaussian() / 2;
    }
    return v;
  }

  private static float[] ones(int n) {
    float[] v = new float[n];
    Arrays.fill(v, 1);
    return v;
  }

  private Toy linear(int out, float[] w, float... b) {
    String wide = weight(w, out, w.length / out);
    String bias = weight(b, b.length);
    return node("Gemm", List.of(wide, bias), integer("transB", 1));
  }

  private Toy conv(int out, int side, float[] w, float[] b) {
    String kernel = weight(w, out, w.length / out / side / side, side, side);
    return node("Conv", List.of(kernel, weight(b, b.length)), integers("kernel_shape", side, side));
  }

  private Toy relu() {
    return node("Relu", List.of());
  }

  /** [n,a,b] to [n,b,a]. */
  private Toy transpose() {
    return node("Transpose", List.of(), integers("perm", 0, 2, 1));
  }

  /** What comes next reads that value. */
  private Toy from(String value) {
    last = value;
    return this;
  }

  private Toy flatten() {
    return node("Flatten", List.of());
  }

  private Toy node(String type, List<String> more, ByteString... attributes) {
    String y = "y" + nodes.size();
    String x = last;
    nodes.add(
        message(
            o -> {
              o.writeString(1, x);
              for (String m : more) {
                o.writeString(1, m);
              }
              o.writeString(2, y);
              o.writeString(3, type + nodes.size());
              o.writeString(4, type);
              for (ByteString a : attributes) {
                o.writeBytes(5, a);
              }
            }));
    last = y;
    return this;
  }

  private static ByteString integer(String name, long value) {
    return message(
        o -> {
          o.writeString(1, name);
          o.writeInt64(3, value);
          o.writeInt32(20, INT);
        });
  }

  private static ByteString integers(String name, long... values) {
    return message(
        o -> {
          o.writeString(1, name);
          for (long v : values) {
            o.writeInt64(8, v);
          }
          o.writeInt32(20, INTS);
        });
  }

  private String weight(float[] values, int... dims) {
    String name = "w" + weights.size();
    ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float v : values) {
      raw.putFloat(v);
    }
    raw.flip();
    weights.add(
        message(
            o -> {
              for (int d : dims) {
                o.writeInt64(1, d);
              }
              o.writeInt32(2, FLOAT);
              o.writeString(8, name);
              o.writeBytes(9, ByteString.copyFrom(raw));
            }));
    return name;
  }

  private String longs(long... values) {
    String name = "w" + weights.size();
    weights.add(
        message(
            o -> {
              o.writeInt64(1, values.length);
              o.writeInt32(2, INT64);
              for (long v : values) {
                o.writeInt64(7, v);
              }
              o.writeString(8, name);
            }));
    return name;
  }

  private static ByteString value(String name, int[] dims) {
    ByteString shape =
        message(
            o -> {
              o.writeBytes(1, message(d -> d.writeString(2, "N")));
              for (int dim : dims) {
                o.writeBytes(1, message(d -> d.writeInt64(1, dim)));
              }
            });
    ByteString tensor =
        message(
            o -> {
              o.writeInt32(1, FLOAT);
              if (dims.length > 0) {
                o.writeBytes(2, shape);
              }
            });
    return message(
        o -> {
          o.writeString(1, name);
          o.writeBytes(2, message(t -> t.writeBytes(1, tensor)));
        });
  }

  private Path save(Path file) {
    ByteString graph =
        message(
            o -> {
              for (ByteString n : nodes) {
                o.writeBytes(1, n);
              }
              o.writeString(2, "toy");
              for (ByteString w : weights) {
                o.writeBytes(5, w);
              }
              o.writeBytes(11, value("x", input));
              o.writeBytes(12, value(last, new int[0]));
            });
    ByteString model =
        message(
            o -> {
              o.writeInt64(1, 8);
              o.writeBytes(7, graph);
              o.writeBytes(8, message(v -> v.writeInt64(2, 13)));
            });
    try {
      return Files.write(file, model.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface Body {
    void write(CodedOutputStream o) throws IOException;
  }

  private static ByteString message(Body body) {
    var bytes = new ByteArrayOutputStream();
    try {
      CodedOutputStream o = CodedOutputStream.newInstance(bytes);
      body.write(o);
      o.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ByteString.copyFrom(bytes.toByteArray());
  }
}
