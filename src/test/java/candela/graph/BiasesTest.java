package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.onnx.ModelBuilder;
import candela.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which biases of a network have a place, and what they are. */
class BiasesTest {
  private static final Shape TWO = Shape.of(2);

  /** What follows reads c[n,2,3,4], a convolution with the bias 3, −5; y comes of z. */
  private static ModelBuilder conv() {
    ModelBuilder m = new ModelBuilder(21).input("x", -1, 1, 3, 4).output("y");
    m.constant("w", Shape.of(2, 1, 1, 1), 1f, 2f).constant("b", TWO, 3f, -5f);
    m.constant("s", TWO, 2f, 4f).constant("t", TWO, 1f, 2f).constant("mean", TWO, 0f, 1f);
    m.constant("var", TWO, 1f, 4f);
    return m.node("Conv", "x,w,b", "c");
  }

  /** y = 2 x + 1 and 2 x, as (x − 1) 4 / 2 + 2. */
  private static ModelBuilder norm(ModelBuilder m, String x, String y) {
    return m.node("BatchNormalization", x + ",s,t,mean,var", y, "epsilon", 0f);
  }

  private static ModelBuilder each(ModelBuilder m, String name, float first, float second) {
    return m.constant(name, Shape.of(2, 1, 1), first, second);
  }

  private static List<Bias> biases(ModelBuilder m) {
    m.node("Relu", "z", "r").node("GlobalAveragePool", "r", "g").node("Flatten", "g", "y");
    return Network.of(m.model()).biases(null);
  }

  private static void assertBias(Bias b, String value, int axis, double... channels) {
    assertThat(b.value()).isEqualTo(value);
    assertThat(b.axis()).isEqualTo(axis);
    assertThat(b.channels()).containsExactly(channels);
  }

  private static void assertOne(ModelBuilder m, String value, int axis, double... channels) {
    List<Bias> found = biases(m);
    assertThat(found).hasSize(1);
    assertBias(found.getFirst(), value, axis, channels);
  }

  @Test
  void ofAConvolutionItIsItsOwn() {
    assertOne(conv().node("Relu", "c", "z"), "c", 1, 3, -5);
  }

  @Test
  void aTransposedConvolutionHasItsOwnToo() {
    ModelBuilder m =
        conv().node("Relu", "c", "r0").constant("wt", Shape.of(2, 2, 1, 1), 1, 2, 3, 4);
    List<Bias> found = biases(norm(m.node("ConvTranspose", "r0,wt,b", "d"), "d", "z"));
    assertThat(found).hasSize(2);
    assertBias(found.get(0), "c", 1, 3, -5);
    assertBias(found.get(1), "z", 1, 2 * 3 + 1, 2 * -5);
  }

  @Test
  void aBatchNormalisationBehindBelongsToIt() {
    assertOne(norm(conv(), "c", "z"), "z", 1, 2 * 3 + 1, 2 * -5);
  }

  @Test
  void soDoesArithmeticOfEachChannel() {
    ModelBuilder m = each(each(each(each(conv(), "m", 1, 2), "d", 2, 4), "gain", 3, 1), "a", 1, 2);
    m.node("Sub", "c,m", "c1").node("Div", "c1,d", "c2").node("Mul", "gain,c2", "c3");
    assertOne(m.node("Add", "c3,a", "z"), "z", 1, 3 * (3 - 1) / 2. + 1, (-5 - 2) / 4. + 2);
    m = each(conv(), "m", 1, 2).node("Sub", "m,c", "z");
    assertOne(m, "z", 1, 1 - 3, 2 + 5);
  }

  @Test
  void channelsAreFollowedToTheLastAxis() {
    ModelBuilder m = conv().node("Transpose", "c", "l", "perm", new int[] {0, 2, 3, 1});
    m.node("Add", "l,t", "a").node("Transpose", "a", "z", "perm", new int[] {0, 3, 1, 2});
    assertOne(m, "z", 1, 3 + 1, -5 + 2);
    m = conv().node("Transpose", "c", "l", "perm", new int[] {0, 2, 3, 1});
    m.node("Add", "l,t", "a").node("Relu", "a", "r0");
    assertOne(m.node("Transpose", "r0", "z", "perm", new int[] {0, 3, 1, 2}), "a", 3, 4, -3);
  }

  /** One number for all channels, as hard sigmoids add; and what reads the layer twice. */
  @Test
  void whatAnActivationAddsIsNoBias() {
    ModelBuilder m = conv().constant("three", Shape.of(), 3f);
    m.node("Add", "c,three", "a").node("HardSigmoid", "a", "z");
    assertOne(m, "c", 1, 3, -5);
    m = norm(conv(), "c", "n").node("Sigmoid", "n", "s1").node("Mul", "n,s1", "z");
    assertOne(m, "n", 1, 7, -10);
  }

  @Test
  void aBatchNormalisationByItselfIsALayer() {
    List<Bias> found = biases(norm(conv().node("Relu", "c", "r0"), "r0", "z"));
    assertThat(found).hasSize(2);
    assertBias(found.get(0), "c", 1, 3, -5);
    assertBias(found.get(1), "z", 1, 1, 0);
    found = biases(norm(conv(), "c", "n").node("Add", "c,n", "z"));
    assertThat(found).hasSize(2);
    assertBias(found.get(1), "n", 1, 1, 0);
  }

  /** A convolution without a bias has none, and those of one group's normalisation are not its. */
  @Test
  void otherNormalisationsHaveNone() {
    ModelBuilder m = conv().constant("v", Shape.of(2, 2, 1, 1), 1f, 2f, 3f, 4f);
    m.constant("shape", Shape.of(3), 0L, 1L, -1L).constant("back", Shape.of(4), 0L, 2L, 3L, 4L);
    m.constant("one", Shape.of(1), 1f).constant("none", Shape.of(1), 0f);
    m.node("Reshape", "c,shape", "f").node("InstanceNormalization", "f,one,none", "i");
    m.node("Reshape", "i,back", "k");
    each(each(m, "gain", 2, 3), "a", 1, 2).node("Mul", "k,gain", "k1").node("Add", "k1,a", "k2");
    m.node("Relu", "k2", "r0").node("Conv", "r0,v", "z");
    assertOne(m, "c", 1, 3, -5);
    m = conv().node("GroupNormalization", "c,s,t", "z", "num_groups", 1);
    assertOne(m, "c", 1, 3, -5);
    m = conv().node("GroupNormalization", "c,s,t", "z", "num_groups", 2);
    assertOne(m, "c", 1, 3, -5);
  }

  /** The second output's layer has no gradient of the first. */
  @Test
  void thoseOfOtherOutputsAreLeftOut() {
    ModelBuilder m =
        conv().output("other").node("Conv", "x,w,b", "c1").node("GlobalAveragePool", "c1", "g1");
    m.node("Flatten", "g1", "other").node("Relu", "c", "z");
    assertThat(biases(m)).hasSize(1);
    m = conv().output("other").node("Conv", "x,w,b", "c1").node("GlobalAveragePool", "c1", "g1");
    m.node("Flatten", "g1", "other").node("GlobalAveragePool", "c", "g").node("Flatten", "g", "y");
    Network network = Network.of(m.model());
    assertThat(network.biases("other")).extracting(Bias::value).containsExactly("c1");
    assertThat(network.biases(null)).extracting(Bias::value).containsExactly("c");
  }

  /** What is asked for is the input, then each layer before its activation. */
  @Test
  void theirValuesAreKeptApartFromActivations() {
    ModelBuilder m = norm(conv(), "c", "n").node("Relu", "n", "z");
    m.node("GlobalAveragePool", "z", "g").node("Flatten", "g", "y");
    var asked = SessionOptions.withGradientAt(SessionOptions.FULL_GRADIENT);
    Graph graph = Network.of(m.model()).graph(2, asked);
    assertThat(graph.parts(SessionOptions.FULL_GRADIENT)).isEqualTo(2);
    assertThat(graph.place(SessionOptions.FULL_GRADIENT).value()).isSameAs(graph.input());
    Graph.Place layer = graph.place(Graph.part(SessionOptions.FULL_GRADIENT, 1));
    assertThat(layer.shape()).isEqualTo(Shape.of(2, 2, 3, 4));
    assertThat(graph.nodes()).filteredOn(n -> n.op().type().equals("Conv")).hasSize(1);
    assertThat(graph.producer(layer.value()).op().type()).isEqualTo("Conv");
  }

  @Test
  void networksWithoutAnyAreRefused() {
    ModelBuilder m = new ModelBuilder(17).input("x", -1, 4).output("y");
    m.constant("w", Shape.of(4, 2), 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f).node("MatMul", "x,w", "y");
    assertThatThrownBy(() -> Network.of(m.model()).biases(null))
        .hasMessageEndingWith(
            "a convolution or batch normalisation with a bias expected, it has none; use"
                + " input-x-gradient");
  }
}
