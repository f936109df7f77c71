package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where class activation maps look unless a layer is named. */
class FeaturesTest {
  private static final int SIZE = 4;

  @TempDir Path folder;

  /** Patches of an image of 4 × 4 as four tokens t[n,4,size]. */
  private static SmallModel patches() {
    SmallModel m = new SmallModel(17, 1, 3, 4, 4).random("w", SIZE, 3, 2, 2);
    m.longs("flat", new long[] {3}, 1, SIZE, 4);
    m.node("Conv", "x w", "c", "strides", new long[] {2, 2}).node("Reshape", "c flat", "r");
    return m.node("Transpose", "r", "t", "perm", new long[] {0, 2, 1});
  }

  /** The sum of tokens and their attention after a norm: t becomes s, the norm is n. */
  private static SmallModel attend(SmallModel m, String t, String n, String s) {
    m.random(n + ".g", SIZE).random(n + ".b", SIZE).random(n + ".w", SIZE, 3 * SIZE);
    m.node("LayerNormalization", t + " " + n + ".g " + n + ".b", n);
    m.node("MatMul", n + " " + n + ".w", n + ".qkv");
    m.node("Split", n + ".qkv", n + ".q " + n + ".k " + n + ".v", "axis", 2);
    return weigh(m, n + ".q", n + ".k", n + ".v", n).node("Add", t + " " + n + ".a", s);
  }

  private static SmallModel weigh(SmallModel m, String q, String k, String v, String n) {
    m.node("Transpose", k, n + ".kt", "perm", new long[] {0, 2, 1});
    m.node("MatMul", q + " " + n + ".kt", n + ".z").node("Softmax", n + ".z", n + ".p");
    return m.node("MatMul", n + ".p " + v, n + ".a");
  }

  private Network classified(SmallModel m, String tokens) throws Exception {
    m.random("u", SIZE, 5).node("ReduceMean", tokens, "mean", "axes", new long[] {1});
    return load(m.node("Reshape", "mean row", "one").node("MatMul", "one u", "y"));
  }

  private Network load(SmallModel m) throws Exception {
    return Network.load(m.longs("row", new long[] {2}, 1, SIZE).write(folder));
  }

  private static String ofAll(Network network) {
    var from = new SessionOptions(List.of(), null, List.of(), SessionOptions.LAST_FEATURES_OF_ALL);
    return network.graph(1, from).input().name();
  }

  @Test
  void ofATransformerItIsTheNormThatTheLastAttentionReads() throws Exception {
    SmallModel m = attend(attend(patches(), "t", "n1", "s1"), "s1", "n2", "s2");
    Network network = classified(m, "s2");
    assertThat(network.features()).contains("n2");
    assertThat(ofAll(network)).isEqualTo("s1");
  }

  @Test
  void withoutAConvolutionAttentionAloneTells() throws Exception {
    SmallModel m = new SmallModel(17, 1, 4, SIZE);
    Network network = classified(attend(m, "x", "n1", "s1"), "s1");
    assertThat(network.features()).contains("n1");
  }

  /** Rows are rolled by one, and cut into two windows. */
  @Test
  void windowsAndRollsAreSeenThrough() throws Exception {
    SmallModel m = patches().random("g", SIZE).random("b", SIZE).random("qkv", SIZE, 3 * SIZE);
    m.longs("zero", new long[] {1}, 0).longs("one1", new long[] {1}, 1);
    m.longs("four", new long[] {1}, 4).longs("axis", new long[] {1}, 1);
    m.longs("cut", new long[] {3}, 2, 2, SIZE).longs("back", new long[] {3}, 1, 4, SIZE);
    m.node("LayerNormalization", "t g b", "n");
    m.node("Slice", "n one1 four axis", "late").node("Slice", "n zero one1 axis", "early");
    m.node("Concat", "late early", "rolled", "axis", 1).node("Reshape", "rolled cut", "windows");
    m.node("MatMul", "windows qkv", "h").node("Split", "h", "q k v", "axis", 2);
    weigh(m, "q", "k", "v", "w0").node("Reshape", "w0.a back", "whole").node("Add", "t whole", "s");
    assertThat(classified(m, "s").features()).contains("n");
  }

  @Test
  void aConvolutionBehindAttentionIsLater() throws Exception {
    SmallModel m = attend(patches(), "t", "n1", "s1").random("v", SIZE, SIZE, 1, 1);
    m.longs("map", new long[] {4}, 1, SIZE, 2, 2);
    m.node("Transpose", "s1", "st", "perm", new long[] {0, 2, 1}).node("Reshape", "st map", "sm");
    m.node("Conv", "sm v", "d").node("Relu", "d", "last").node("GlobalAveragePool", "last", "p");
    m.random("u", SIZE, 5).node("Reshape", "p row", "f").node("MatMul", "f u", "y");
    Network network = load(m);
    assertThat(network.features()).contains("last");
    assertThat(ofAll(network)).isEqualTo("last");
  }

  /** As TensorFlow's exports have it: what is added and applied has its channels last. */
  @Test
  void whatIsAppliedWithChannelsLastIsStillOfTheConvolution() throws Exception {
    SmallModel m = new SmallModel(17, 1, 4, 4, 3).random("w", SIZE, 3, 2, 2).random("b", SIZE);
    m.node("Transpose", "x", "t", "perm", new long[] {0, 3, 1, 2}).node("Conv", "t w", "c");
    m.node("Transpose", "c", "u", "perm", new long[] {0, 2, 3, 1}).node("Add", "u b", "d");
    m.node("Relu", "d", "last").node("ReduceMean", "last", "p", "axes", new long[] {1, 2});
    m.random("v", SIZE, 5).node("Reshape", "p row", "f").node("MatMul", "f v", "y");
    assertThat(load(m).features()).contains("last");
  }

  /** Scores of keys and values of another place; what weighs no projection is no less read. */
  @Test
  void attentionToWhatIsNotProjectedReadsThat() throws Exception {
    SmallModel m = patches().random("k", SIZE, SIZE).random("q", 1, 1, SIZE);
    m.node("MatMul", "t k", "keys");
    assertThat(classified(weigh(m, "q", "keys", "t", "p"), "p.a").features()).contains("c");
  }

  /** A softmax that weighs two experts' answers. */
  @Test
  void aGateIsNoAttention() throws Exception {
    SmallModel m =
        patches().node("GlobalAveragePool", "c", "p").longs("two", new long[] {3}, 1, 2, 5);
    m.longs("row", new long[] {2}, 1, SIZE).node("Reshape", "p row", "f").random("g", SIZE, 2);
    m.node("MatMul", "f g", "z").node("Softmax", "z", "s").longs("gate", new long[] {3}, 1, 1, 2);
    m.random("e", SIZE, 10).node("MatMul", "f e", "h").node("Reshape", "h two", "experts");
    m.node("Reshape", "s gate", "w1").node("MatMul", "w1 experts", "o");
    m.longs("five", new long[] {2}, 1, 5).node("Reshape", "o five", "y");
    assertThat(Network.load(m.write(folder)).features()).contains("c");
  }

  @Test
  void whereNothingIsFoundALayerIsAskedFor() throws Exception {
    SmallModel m = new SmallModel(17, 1, SIZE).random("u", SIZE, 5).node("MatMul", "x u", "y");
    Network network = Network.load(m.write(folder));
    assertThat(network.features()).isEmpty();
    var options = SessionOptions.withGradientAt(SessionOptions.LAST_FEATURES);
    assertThatThrownBy(() -> network.graph(1, options))
        .hasMessageEndingWith(
            "no convolution of more than one pixel and no attention; name the value to look at,"
                + " layer=NAME");
  }
}
