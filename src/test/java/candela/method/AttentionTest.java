package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.onnx.ModelBuilder;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Methods that follow attention, on a transformer of two layers, against one in doubles. */
class AttentionTest {
  /** A class token and four pixels, of three numbers each; two heads of two. */
  private static final int TOKENS = 5;

  private static final int SIZE = 3;
  private static final int HEADS = 2;
  private static final int LAYERS = 2;

  @TempDir Path folder;

  private final Random random = new Random(4);
  private final float[] x = Toy.draw(random, SIZE * 4);
  private final float[] before = Toy.draw(random, TOKENS * SIZE);
  private final float[][][] weights = new float[LAYERS][4][];
  private final float[] classes = Toy.draw(random, SIZE * 2);

  AttentionTest() {
    for (float[][] layer : weights) {
      for (int i = 0; i < 4; i++) {
        layer[i] = Toy.draw(random, SIZE * 4);
        for (int k = 0; k < layer[i].length; k++) {
          layer[i][k] *= 2;
        }
      }
    }
  }

  /**
   * @param late whether tokens come before images, [t,n,c], as in files of OpenAI's CLIP
   */
  private Path model(boolean late) throws IOException {
    ModelBuilder m = new ModelBuilder(17).input("x", -1, SIZE, 2, 2).output("y");
    m.constant("flat", Shape.of(3), 0L, SIZE, 4L).node("Reshape", "x,flat", "p0");
    m.node("Transpose", "p0", "p", "perm", new int[] {0, 2, 1});
    float[] down = new float[TOKENS * 4];
    for (int i = 0; i < 4; i++) {
      down[(i + 1) * 4 + i] = 1;
    }
    m.constant("down", Shape.of(TOKENS, 4), down).constant("b", Shape.of(1, TOKENS, SIZE), before);
    m.node("MatMul", "down,p", "d").node("Add", "d,b", "t");
    m.constant("cut", Shape.of(4), 0L, TOKENS, HEADS, 2L).constant("one", Shape.of(3), 0L, 5L, 4L);
    m.constant("rows", Shape.of(2), -1L, 4L).constant("back", Shape.of(3), -1L, 5L, (long) SIZE);
    String last = "t";
    if (late) {
      m.node("Transpose", "t", "late", "perm", new int[] {1, 0, 2});
      last = "late";
    }
    for (int i = 0; i < LAYERS; i++) {
      last = layer(m, i, last, late);
    }
    m.constant("zero", Shape.of(), 0L).node("Gather", last + ",zero", "c", "axis", late ? 0 : 1);
    m.constant("u", Shape.of(SIZE, 2), classes).node("MatMul", "c,u", "y");
    return Files.write(folder.resolve("transformer.onnx"), m.bytes());
  }

  private String layer(ModelBuilder m, int i, String last, boolean late) {
    String in = last;
    if (late) {
      in = "n" + i;
      m.node("Transpose", last, in, "perm", new int[] {1, 0, 2});
    }
    for (int k = 0; k < 3; k++) {
      String v = "qkv".charAt(k) + "" + i;
      m.constant("w" + v, Shape.of(SIZE, 4), weights[i][k]).node("MatMul", in + ",w" + v, v + "m");
      int[] perm = k == 1 ? new int[] {0, 2, 3, 1} : new int[] {0, 2, 1, 3};
      m.node("Reshape", v + "m,cut", v + "r").node("Transpose", v + "r", v, "perm", perm);
    }
    m.node("MatMul", "q%1$d,k%1$d".formatted(i), "s" + i).node("Softmax", "s" + i, "a" + i);
    m.node("MatMul", "a%1$d,v%1$d".formatted(i), "h" + i);
    m.node("Transpose", "h" + i, "j" + i, "perm", new int[] {0, 2, 1, 3});
    m.node("Reshape", "j%d,one".formatted(i), "o" + i);
    m.node("Reshape", "o%d,rows".formatted(i), "r" + i);
    m.constant("wo" + i, Shape.of(4, SIZE), weights[i][3]);
    m.node("MatMul", "r%1$d,wo%1$d".formatted(i), "d" + i);
    m.node("Reshape", "d%d,back".formatted(i), "e" + i);
    String sum = "e" + i;
    if (late) {
      sum = "l" + i;
      m.node("Transpose", "e" + i, sum, "perm", new int[] {1, 0, 2});
    }
    m.node("Add", last + "," + sum, "t" + (i + 1));
    return "t" + (i + 1);
  }

  /**
   * The score of class 1.
   *
   * @param attention [layer][head][to * TOKENS + from], written but where it is given
   * @param given layer whose attention is taken as it is; −1 for none
   */
  private double score(double[][][] attention, int given) {
    double[] t = new double[TOKENS * SIZE];
    for (int i = 0; i < t.length; i++) {
      t[i] = before[i] + (i < SIZE ? 0 : x[i % SIZE * 4 + i / SIZE - 1]);
    }
    for (int l = 0; l < LAYERS; l++) {
      double[] q = product(t, TOKENS, SIZE, weights[l][0], 4);
      double[] k = product(t, TOKENS, SIZE, weights[l][1], 4);
      double[] v = product(t, TOKENS, SIZE, weights[l][2], 4);
      double[] joined = new double[TOKENS * 4];
      for (int h = 0; h < HEADS; h++) {
        double[] a = attention[l][h];
        for (int i = 0; i < TOKENS; i++) {
          double sum = 0;
          for (int j = 0; j < TOKENS && l != given; j++) {
            double z = 0;
            for (int c = 2 * h; c < 2 * h + 2; c++) {
              z += q[i * 4 + c] * k[j * 4 + c];
            }
            a[i * TOKENS + j] = Math.exp(z);
            sum += Math.exp(z);
          }
          for (int j = 0; j < TOKENS; j++) {
            a[i * TOKENS + j] /= l == given ? 1 : sum;
            for (int c = 2 * h; c < 2 * h + 2; c++) {
              joined[i * 4 + c] += a[i * TOKENS + j] * v[j * 4 + c];
            }
          }
        }
      }
      double[] out = product(joined, TOKENS, 4, weights[l][3], SIZE);
      for (int i = 0; i < t.length; i++) {
        t[i] += out[i];
      }
    }
    return product(t, 1, SIZE, classes, 2)[1];
  }

  private static double[] product(double[] a, int m, int k, float[] b, int n) {
    double[] y = new double[m * n];
    for (int i = 0; i < m * n; i++) {
      for (int c = 0; c < k; c++) {
        y[i] += a[i / n * k + c] * b[c * n + i % n];
      }
    }
    return y;
  }

  /** The class token's row of the product of the layers, the last one first, without itself. */
  private static float[] row(double[][] layers) {
    double[] row = {1, 0, 0, 0, 0};
    for (double[] layer : List.of(layers).reversed()) {
      double[] now = new double[TOKENS];
      for (int i = 0; i < TOKENS * TOKENS; i++) {
        now[i % TOKENS] += row[i / TOKENS] * layer[i];
      }
      row = now;
    }
    return new float[] {(float) row[1], (float) row[2], (float) row[3], (float) row[4]};
  }

  private void assertMap(String method, boolean late, double[][] layers) throws IOException {
    Path file = model(late);
    Subject subject = new Subject(Shape.of(SIZE, 2, 2), x, 1);
    Subject other = new Subject(Shape.of(SIZE, 2, 2), new float[SIZE * 4], 0);
    for (int batch : new int[] {1, 3}) {
      List<Method> methods = List.of(Methods.parse(method));
      Attribution a = Maps.of(file, 1, batch, methods, List.of(other, subject)).get(1);
      assertThat(Maps.distance(a.values(), row(layers))).as(method).isLessThan(1e-5);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mean", "max", "min"})
  void rolloutIsTheProductOfAttentionAndWhatPassesIt(String heads) throws IOException {
    double[][][] a = new double[LAYERS][HEADS][TOKENS * TOKENS];
    score(a, -1);
    double[][] layers = new double[LAYERS][TOKENS * TOKENS];
    for (int l = 0; l < LAYERS; l++) {
      for (int i = 0; i < TOKENS; i++) {
        double sum = 0;
        for (int j = i * TOKENS; j < (i + 1) * TOKENS; j++) {
          double joined =
              switch (heads) {
                case "mean" -> (a[l][0][j] + a[l][1][j]) / 2;
                case "max" -> Math.max(a[l][0][j], a[l][1][j]);
                default -> Math.min(a[l][0][j], a[l][1][j]);
              };
          layers[l][j] = (joined + (j % (TOKENS + 1) == 0 ? 1 : 0)) / 2;
          sum += layers[l][j];
        }
        for (int j = i * TOKENS; j < (i + 1) * TOKENS; j++) {
          layers[l][j] /= sum;
        }
      }
    }
    assertMap("attention-rollout:heads=" + heads, false, layers);
    assertMap("attention-rollout:heads=" + heads, true, layers);
  }

  @Test
  void genericAttentionIsWeighedByItsSlopes() throws IOException {
    double[][][] a = new double[LAYERS][HEADS][TOKENS * TOKENS];
    score(a, -1);
    double[][] layers = new double[LAYERS][TOKENS * TOKENS];
    for (int l = 0; l < LAYERS; l++) {
      for (int i = 0; i < TOKENS * TOKENS; i++) {
        layers[l][i] = i % (TOKENS + 1) == 0 ? 1 : 0;
        for (int h = 0; h < HEADS; h++) {
          layers[l][i] += Math.max(a[l][h][i] * slope(a, l, h, i), 0) / HEADS;
        }
      }
    }
    assertMap("generic-attention", false, layers);
    assertMap("generic-attention", true, layers);
  }

  /** By a difference; what comes behind the layer is computed anew. */
  private double slope(double[][][] a, int layer, int head, int at) {
    double step = 1e-5;
    double[] side = new double[2];
    for (int s = 0; s < 2; s++) {
      double[][][] b = new double[LAYERS][HEADS][TOKENS * TOKENS];
      b[layer] = new double[][] {a[layer][0].clone(), a[layer][1].clone()};
      b[layer][head][at] += s == 0 ? -step : step;
      side[s] = score(b, layer);
    }
    return (side[1] - side[0]) / (2 * step);
  }

  /** Of tokens before images, the layer that is looked at unless one is named, and its map. */
  @Test
  void tokensBeforeImagesAreTurned() throws IOException {
    Subject subject = new Subject(Shape.of(SIZE, 2, 2), x, 1);
    Subject other = new Subject(Shape.of(SIZE, 2, 2), new float[SIZE * 4], 0);
    for (String name : List.of("grad-cam:layer=t1", "layer-cam:layer=t2", "grad-cam")) {
      List<Method> methods = List.of(Methods.parse(name));
      float[] wanted =
          Maps.of(model(false), 1, 1, methods, List.of(other, subject)).get(1).values();
      for (int batch : new int[] {1, 2, 5}) {
        Path file = model(true);
        float[] got = Maps.of(file, 1, batch, methods, List.of(other, subject)).get(1).values();
        assertThat(Maps.distance(got, wanted)).as(name).isLessThan(1e-5);
      }
    }
  }

  /** As in front of a Gemm: 5 rows of 4 an image, the class token's the first. */
  @Test
  void rowsAreTokensOfTheirImages() throws IOException {
    Subject subject = new Subject(Shape.of(SIZE, 2, 2), x, 1);
    Subject other = new Subject(Shape.of(SIZE, 2, 2), new float[SIZE * 4], 0);
    float[][] maps = new float[2][];
    for (int i = 0; i < 2; i++) {
      List<Method> methods =
          List.of(Methods.parse("grad-cam:relu=false,layer=" + "or".charAt(i) + "0"));
      maps[i] = Maps.of(model(false), 1, 2, methods, List.of(other, subject)).get(1).values();
    }
    assertThat(maps[1]).isEqualTo(maps[0]).isNotEqualTo(new float[4]);
  }

  @Test
  void otherNetworksAreRefused() {
    Subject subject = new Subject(Shape.of(1, 4, 4), MethodCase.IMAGE, 0);
    assertThatThrownBy(() -> Maps.of(Toy.conv(folder), 1, new AttentionRollout(), subject))
        .hasMessageEndingWith(
            "attention expected, softmax(q kᵀ) v, it has none; use another method");
  }

  /** Queries are the first token alone. */
  @Test
  void attentionOfSomeTokensIsRefused() throws IOException {
    ModelBuilder m = new ModelBuilder(17).input("x", -1, 1, 2, 2).output("y");
    m.constant("flat", Shape.of(3), 0L, 1L, 4L).node("Reshape", "x,flat", "p");
    m.node("Transpose", "p", "t", "perm", new int[] {0, 2, 1});
    m.constant("from", Shape.of(1), 0L).constant("to", Shape.of(1), 1L);
    m.constant("axis", Shape.of(1), 1L).node("Slice", "t,from,to,axis", "q");
    m.node("MatMul", "q,p", "s").node("Softmax", "s", "a").node("MatMul", "a,t", "o");
    m.node("Flatten", "o", "y");
    Path file = Files.write(folder.resolve("pool.onnx"), m.bytes());
    Subject subject = new Subject(Shape.of(1, 2, 2), new float[] {1, 2, 3, 4}, 0);
    assertThatThrownBy(() -> Maps.of(file, 1, new GenericAttention(), subject))
        .hasMessage(
            "generic-attention: attention of all tokens to all expected in every layer, that of"
                + " layer 1 of 1 is [1,1,4]; use a class activation map");
  }
}
