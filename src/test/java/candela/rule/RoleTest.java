package candela.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Sample;
import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Rules;
import candela.graph.Value;
import candela.graph.op.Activation;
import candela.graph.op.Affine;
import candela.graph.op.AlongAxis;
import candela.graph.op.ArgReduce;
import candela.graph.op.AveragePool;
import candela.graph.op.BatchNorm;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.ConvConcat;
import candela.graph.op.ConvTranspose;
import candela.graph.op.Convert;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.GridSample;
import candela.graph.op.GroupNorm;
import candela.graph.op.InstanceNorm;
import candela.graph.op.LayerNorm;
import candela.graph.op.Lrn;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.MaxPool;
import candela.graph.op.PadConstant;
import candela.graph.op.Patch;
import candela.graph.op.Pick;
import candela.graph.op.Product;
import candela.graph.op.Put;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Softmax;
import candela.graph.op.Top;
import candela.graph.op.TrainableConv;
import candela.graph.op.TrainableMatrix;
import candela.graph.op.Transpose;
import candela.graph.op.Where;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every operator has a role, and where a rule has no meaning the session does not open. */
class RoleTest {
  /** constant: index of the input that is constant, -1 for none. */
  private record Case(Op op, Role role, int constant) {}

  private static List<Case> cases() {
    int[] two = {1, 1};
    int[] four = {0, 0, 0, 0};
    int[] window = {2, 2, 1, 1, 1, 1, 0, 0, 1, 1};
    Shape x = Shape.of(1, 2, 2, 3);
    int[] first = {0, 2};
    return List.of(
        new Case(new Conv(two, two, four, 1, Activation.NONE, false), Role.CONVOLUTION, 1),
        new Case(new ConvConcat(List.of()), Role.OTHER, -1),
        new Case(new Convert(), Role.OTHER, -1),
        new Case(new Patch(four, four, 2, 2, false, 0), Role.OTHER, -1),
        new Case(new TrainableConv(null, null), Role.OTHER, -1),
        new Case(new TrainableMatrix(false), Role.OTHER, -1),
        new Case(new BatchNorm(true, 1, 1, false, false), Role.OTHER, -1),
        new Case(new Product(false, true, 1), Role.PRODUCT, -1),
        new Case(new GridSample(Sample.Mode.LINEAR, Sample.Padding.ZEROS, false), Role.PRODUCT, -1),
        new Case(new Pick(1), Role.MOVE, -1),
        new Case(new Put(1, 2), Role.MOVE, -1),
        new Case(new Top(true, 1, 1), Role.MOVE, -1),
        new Case(new ConvTranspose(two, two, four, two, 1), Role.CONVOLUTION, 1),
        new Case(new Matrix(false, Activation.NONE), Role.DENSE, 1),
        new Case(new MatMul(), Role.DENSE, 0),
        new Case(new MatMul(), Role.PRODUCT, -1),
        new Case(new AveragePool(window, 0, 0, false), Role.AVERAGE, -1),
        new Case(new Reduce(Reduction.MEAN, 1, 3), Role.AVERAGE, -1),
        new Case(new Reduce(Reduction.MAX, 1, 3), Role.WINNER, -1),
        new Case(new Reduce(Reduction.PROD, 1, 3), Role.OTHER, -1),
        new Case(
            new AlongAxis(1, first, new int[] {0, 1}, new float[] {.5f, .5f}), Role.AVERAGE, -1),
        new Case(new AlongAxis(1, new int[] {0, 1}, new int[] {1}, new float[] {1}), Role.MOVE, -1),
        new Case(new Affine(), Role.AFFINE, 1),
        new Case(new BinaryOp(Binary.ADD), Role.AFFINE, 0),
        new Case(new BinaryOp(Binary.ADD), Role.SUM, -1),
        new Case(new BinaryOp(Binary.MUL), Role.AFFINE, 1),
        new Case(new BinaryOp(Binary.MUL), Role.PRODUCT, -1),
        new Case(new BinaryOp(Binary.DIV), Role.AFFINE, 1),
        new Case(new BinaryOp(Binary.DIV), Role.ACTIVATION, 0),
        new Case(new BinaryOp(Binary.POW), Role.ACTIVATION, 1),
        new Case(new BinaryOp(Binary.POW), Role.OTHER, -1),
        new Case(new BinaryOp(Binary.MIN), Role.WINNER, -1),
        new Case(new Elementwise(Unary.GELU), Role.ACTIVATION, -1),
        new Case(new Elementwise(Unary.NEG), Role.AFFINE, -1),
        new Case(new Rectify(0, 6), Role.ACTIVATION, -1),
        new Case(new MaxPool(window), Role.WINNER, -1),
        new Case(new Lrn(3, 1, 1, 1), Role.NORMALISATION, -1),
        new Case(new LayerNorm(3, 1e-5f), Role.NORMALISATION, -1),
        new Case(new GroupNorm(1, 1e-5f), Role.NORMALISATION, -1),
        new Case(new InstanceNorm(1e-5f), Role.NORMALISATION, -1),
        new Case(new Softmax(false), Role.SOFTMAX, -1),
        new Case(new ArgReduce(Reduction.MAX, false, 1), Role.MOVE, -1),
        new Case(new Concat(3), Role.MOVE, -1),
        new Case(new Expand(x), Role.MOVE, -1),
        new Case(new PadConstant(four, four, 0), Role.MOVE, -1),
        new Case(new Reshape(x), Role.MOVE, -1),
        new Case(new Slice(four, new int[] {1, 1, 1, 1}, x.dims()), Role.MOVE, -1),
        new Case(new Transpose(new int[] {0, 1, 2, 3}), Role.MOVE, -1),
        new Case(new Where(), Role.MOVE, -1));
  }

  @Test
  void everyOperatorHasARole() {
    Draft d = new Draft(1, 1, 2, 2, 3);
    Set<String> seen = new TreeSet<>();
    for (Case c : cases()) {
      Value[] inputs = {d.input(), Value.of("other", d.input().shape(), false)};
      if (c.constant() >= 0) {
        inputs[c.constant()] = d.draw(1, 1, 2, 2, 3);
      }
      Node n = new Node("n", c.op(), Arrays.asList(inputs), d.input());
      assertThat(Role.of(n)).as(c.toString()).isEqualTo(c.role());
      seen.add(c.op().getClass().getSimpleName());
    }
    Set<String> all = new TreeSet<>();
    OperatorClasses.all().forEach(o -> all.add(o.getSimpleName()));
    assertThat(seen).isEqualTo(all);
  }

  private static void refuses(Graph graph, Rules rules, String sentence) {
    float[] x = new float[graph.input().shape().count()];
    float[] seed = new float[graph.outputs().get(0).shape().count()];
    assertThatThrownBy(() -> Draft.run(graph, rules, x, seed))
        .isInstanceOf(CandelaException.class)
        .hasMessage(sentence);
  }

  @Test
  void deepLiftRefusesWhatItCannotWriteOut() {
    Draft d = new Draft(8, 2, 2, 2, 3);
    d.add(new Reduce(Reduction.PROD, 1, 3), d.input());
    refuses(
        d.graph(),
        Presets.deepLiftRescale(false),
        "draft: node 'v0' (Reduce): DeepLIFT has no multipliers for this operator; use"
            + " integrated-gradients");
    Draft e = new Draft(9, 2, 3);
    Value above = e.add(new BinaryOp(Binary.GREATER), e.input(), e.draw(1, 1, 3));
    e.add(new Where(), above, e.input(), e.draw(1, 1, 3));
    refuses(
        e.graph(),
        Presets.deepLiftRevealCancel(false),
        "draft: node 'v1' (Where): DeepLIFT has no multipliers for this operator; use"
            + " integrated-gradients");
  }

  @Test
  void deepLiftRefusesPlacesThatTheImageDecides() {
    Draft d = new Draft(10, 2, 5);
    d.add(new Pick(1), d.input(), d.add(new Top(true, 1, 2), d.input()));
    refuses(
        d.graph(),
        Presets.deepLiftRescale(false),
        "draft: node 'v1' (Pick): DeepLIFT has no multipliers for this operator; use"
            + " integrated-gradients");
    Draft e = new Draft(11, 2, 3, 3, 2);
    Sample.Padding none = Sample.Padding.ZEROS;
    e.add(new GridSample(Sample.Mode.LINEAR, none, false), e.input(), e.input());
    refuses(
        e.graph(),
        Presets.deepLiftRevealCancel(false),
        "draft: node 'v0' (GridSample): DeepLIFT has no multipliers for this operator; use"
            + " integrated-gradients");
  }

  private static final List<Float> LOW = List.of(0f, 0f, 0f);
  private static final List<Float> HIGH = List.of(1f, 1f, 1f);

  @Test
  void anOperatorWithoutMeaningIsRefusedInOneSentence() {
    Draft d = new Draft(2, 2, 2, 2, 3);
    d.add(new Reduce(Reduction.PROD, 1, 3), d.input());
    refuses(
        d.graph(),
        Composite.EPSILON_PLUS.rules(new Composite.Numbers(0, 0, true, LOW, HIGH)),
        "draft: node 'v0' (Reduce): relevance has no meaning for this operator; use a gradient or"
            + " perturbation method");
  }

  private static Rules box() {
    return new Rules(
        List.of(
            new Rules.Entry(Role.DENSE, new ZBox(LOW, HIGH, 0)),
            new Rules.Entry(Nodes.ANY, new Pass())));
  }

  @Test
  void aBoxNeedsTheImageItself() {
    Draft d = new Draft(3, 2, 2, 2, 3);
    Value scaled = d.add(new Elementwise(Unary.LINEAR, 2, 1), d.input());
    d.add(new Matrix(false, Activation.NONE), scaled, d.draw(1, 3, 2));
    refuses(
        d.graph(),
        box(),
        "draft: node 'v1' (Matrix): z^B needs the range of its input, but the input comes through"
            + " node 'v0' (LINEAR); use flat or w_square");
  }

  @Test
  void aBoxHasAsManyChannelsAsTheImage() {
    Draft d = new Draft(4, 2, 2, 2, 5);
    d.add(new Matrix(false, Activation.NONE), d.input(), d.draw(1, 5, 2));
    refuses(
        d.graph(),
        box(),
        "draft: node 'v0' (Matrix): z^B has the range of 3 channels, the input [2,2,2,5] has 5;"
            + " use flat or w_square");
  }

  /** Rows that belong together must not be spread over the tensor. */
  @Test
  void pairsThatLieApartAreRefused() {
    Draft d = new Draft(5, 2, 3, 4);
    Value turned = d.add(new Transpose(new int[] {1, 0, 2}), d.input());
    Value active = d.add(new Elementwise(Unary.TANH), turned);
    d.add(new Transpose(new int[] {1, 0, 2}), active);
    refuses(
        d.graph(),
        Presets.deepLiftRescale(false),
        "draft: node 'v1' (TANH): the images of a batch do not lie one after the other in"
            + " [3,2,4], as the rule needs; export the model with the batch as the first axis"
            + " throughout");
  }

  /** Whichever axis is taken for that of one image, its elements are all there are. */
  @Test
  void oneImageLiesInOneStretch() {
    Draft d = new Draft(8, 1, 2, 2, 3);
    Value square = d.add(new Reshape(Shape.of(2, 2, 3)), d.input());
    Value turned = d.add(new Transpose(new int[] {2, 0, 1}), square);
    Value row = d.add(new Reshape(Shape.of(1, 12)), turned);
    d.add(new Rectify(0, Float.POSITIVE_INFINITY), row);
    float[] x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    float[] ones = new float[12];
    Arrays.fill(ones, 1);
    assertThat(Draft.run(d.graph(), Presets.rectGrad(0), x, ones).input()).containsOnly(0, 1);
  }

  /** Heads merged into the batch, as attention does, keep images one after the other. */
  @Test
  void pairsMayShareTheirAxisWithHeads() {
    Draft d = new Draft(6, 2, 3, 4);
    Value heads = d.add(new Reshape(Shape.of(2, 3, 2, 2)), d.input());
    Value first = d.add(new Transpose(new int[] {0, 2, 1, 3}), heads);
    Value merged = d.add(new Reshape(Shape.of(4, 3, 2)), first);
    Value active = d.add(new Elementwise(Unary.TANH), merged);
    d.add(new Reshape(Shape.of(2, 12)), active);
    float[] ones = new float[24];
    Arrays.fill(ones, 1);
    // no difference anywhere: the gradient of tanh at 0
    assertThat(Draft.run(d.graph(), Presets.deepLiftRescale(false), new float[24], ones).input())
        .containsOnly(1);
  }

  @Test
  void pairsNeedAnEvenBatch() {
    Draft d = new Draft(7, 3, 4);
    d.add(new Elementwise(Unary.TANH), d.input());
    refuses(
        d.graph(),
        Presets.deepLiftRescale(false),
        "draft: batch 3: rules that compare with a reference need an even number of rows");
  }

  /** A layer of tokens whose rows are put in order, or stand beside others, before the ReLU. */
  @Test
  void aLayerIsRectifiedWhereverItsUnitsAreMoved() {
    for (boolean alone : new boolean[] {true, false}) {
      Draft d = new Draft(3, 1, 6, 4);
      Value rows = d.add(new Reshape(Shape.of(6, 4)), d.input());
      Value y = d.add(new Matrix(false, Activation.NONE), rows, d.draw(1, 4, 2));
      Value tokens = d.add(new Reshape(Shape.of(1, 6, 2)), y);
      Value turned = d.add(new Transpose(new int[] {0, 2, 1}), tokens);
      Value both = d.add(new Concat(1), turned, turned);
      Value r = d.add(new Rectify(0, Float.POSITIVE_INFINITY), both);
      if (!alone) {
        d.add(new BinaryOp(Binary.ADD), r, both);
      }
      Graph graph = d.graph();
      assertThat(Nodes.RECTIFIED.test(graph, graph.nodes().get(1))).isEqualTo(alone);
    }
  }

  /** As where it is written as a choice between x and 0: it gives 0 of NaN. */
  @Test
  void aThresholdAtZeroIsARectifier() {
    float[] x = {-2, -.1f, 0, .1f, 2};
    float[] ones = {1, 1, 1, 1, 1};
    float[][] smooth = new float[2][];
    List<Op> rectifiers =
        List.of(
            new Rectify(0, Float.POSITIVE_INFINITY), new Elementwise(Unary.THRESHOLDED_RELU, 0, 0));
    for (int i = 0; i < 2; i++) {
      Draft d = new Draft(2, 1, 5);
      d.add(rectifiers.get(i), d.input());
      smooth[i] = Draft.run(d.graph(), Presets.betaSmooth(10), x, ones).input();
      Draft layers = new Draft(2, 1, 5);
      Value y =
          layers.add(new Matrix(false, Activation.NONE), layers.input(), layers.draw(1, 5, 2));
      Value r = layers.add(rectifiers.get(i), y);
      layers.add(new Matrix(false, Activation.NONE), r, layers.draw(1, 2, 2));
      Graph graph = layers.graph();
      assertThat(Nodes.RECTIFIED.test(graph, graph.nodes().get(0))).isTrue();
      assertThat(Nodes.SILENCED.test(graph, graph.nodes().get(0))).isTrue();
    }
    assertThat(smooth[1]).isEqualTo(smooth[0]);
    assertThat(smooth[1][2]).isEqualTo(.5f);
  }
}
