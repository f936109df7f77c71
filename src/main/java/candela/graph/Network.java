package candela.graph;

import candela.device.Device;
import candela.onnx.ElementType;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxValue;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model file, ready to be opened as sessions of any batch size. Immutable, may be shared by
 * threads.
 */
public final class Network {
  private static final long[] FORWARD = {0, 3, 1, 2};

  /** What models do to levels before they look at the image. */
  private static final Set<String> LEVELLING = Set.of("Sub", "Add", "Mul", "Div", "Cast");

  private final OnnxModel model;

  /** The same, as graphs are made of it. */
  private final OnnxModel computed;

  /** The output that is first in the file. */
  private final String first;

  /** Outputs that cannot be had, and why. */
  private final Map<String, String> missing;

  private final boolean turned;

  /** The input's shape; null before it is asked for. */
  private Shape input;

  /** What mixes the images of a batch; null before it is asked. */
  private Optional<String> mixing;

  /** Layouts that were asked for, null where there is none. */
  private final Map<String, Layout> layouts = new HashMap<>();

  /** By the output that they are of, null for the first. */
  private final Map<String, List<Bias>> biases = new HashMap<>();

  /** Shapes that values have for two images; null before they are asked for. */
  private Map<String, Shape> two;

  /** Where images lie; null before it is asked. */
  private ImageAxes images;

  /**
   * @param input its shape
   */
  private Network(Network from, boolean turned, Shape input) {
    this.model = from.model;
    this.computed = from.computed;
    this.first = from.first;
    this.missing = from.missing;
    this.turned = turned;
    this.input = input;
  }

  private Network(OnnxModel whole) {
    Supported supported = Supported.of(whole);
    model = Dequantised.weights(ControlFlow.decided(supported.model()));
    computed = ComputedWeights.of(model);
    first = whole.outputs().getFirst().name();
    missing = supported.missing();
    turned = false;
  }

  /**
   * Of a file.
   *
   * @throws CandelaException when it is no model that can be read, or has weights that are NaN
   */
  public static Network load(Path file) {
    return load(file, null);
  }

  /**
   * The same, of a model that leaves the shape of images open.
   *
   * @param image sizes without the batch, in the model's own order, as 3x224x224; null where the
   *     file tells them
   * @throws CandelaException when it is no shape, or not one of the model
   */
  public static Network load(Path file, String image) {
    OnnxModel model = OnnxModel.read(file);
    Network network = of(image == null ? model : model.forImages(shape(image)));
    network.model.checkWeights();
    return network;
  }

  private static Shape shape(String image) {
    if (!image.matches("[1-9][0-9]{0,8}(x[1-9][0-9]{0,8})*")) {
      throw CandelaException.of(
          "input-shape: sizes with x between expected, as 3x224x224, got '%s'", image);
    }
    return Shape.of(Arrays.stream(image.split("x")).mapToInt(Integer::parseInt).toArray());
  }

  /**
   * Of a model. In place of If, Loop, Scan and sequences comes what they do, in place of quantised
   * weights the numbers that they stand for.
   *
   * @throws CandelaException when what that is depends on the image
   */
  public static Network of(OnnxModel model) {
    return new Network(model);
  }

  /**
   * The same network, but images go in as [N,C,H,W] where the model takes [N,H,W,C]: those of one
   * or three channels, square ones, and those whose channels it brings to the front itself;
   * gradients come out likewise.
   */
  public Network channelsFirst() {
    Shape s = inputShape();
    boolean last =
        s.rank() == 4
            && !isColour(s.dim(1))
            && (isColour(s.dim(3)) || isSquare(s) && !isConvolved() || isBroughtForward());
    Shape turned = last ? Shape.of(s.dim(0), s.dim(3), s.dim(1), s.dim(2)) : s;
    return new Network(this, last, turned);
  }

  /** Whether images go in as [N,C,H,W] where the model takes [N,H,W,C]. */
  boolean turned() {
    return turned;
  }

  /** Whether a convolution reads the input as it is: then its channels come first. */
  private boolean isConvolved() {
    return readers().anyMatch(n -> n.op().equals("Conv"));
  }

  /** Whether a transposition from [N,H,W,C] to [N,C,H,W] reads the input as it is. */
  private boolean isBroughtForward() {
    return readers()
        .anyMatch(n -> n.op().equals("Transpose") && Arrays.equals(n.integers("perm"), FORWARD));
  }

  /** Nodes whose first input is one of the model's, shifted and scaled maybe. */
  private Stream<OnnxNode> readers() {
    Set<String> images = model.inputs().stream().map(OnnxValue::name).collect(Collectors.toSet());
    List<OnnxNode> readers = new ArrayList<>();
    for (OnnxNode n : model.nodes()) {
      if (n.has(0) && images.contains(n.inputs().getFirst())) {
        readers.add(n);
        if (LEVELLING.contains(n.op())) {
          images.addAll(n.outputs());
        }
      }
    }
    return readers.stream();
  }

  private static boolean isSquare(Shape s) {
    return s.dim(1) == s.dim(2) && s.dim(2) != s.dim(3);
  }

  private static boolean isColour(int channels) {
    return channels == 1 || channels == 3;
  }

  public OnnxModel model() {
    return model;
  }

  public String name() {
    return model.name();
  }

  /**
   * The only input's shape for a batch of one, usually [1,C,H,W].
   *
   * @throws CandelaException when the network needs more than one input
   */
  public synchronized Shape inputShape() {
    if (input == null) {
      input = oneImage();
    }
    return input;
  }

  private Shape oneImage() {
    int batch = Import.batch(computed);
    Graph graph = new DeadCode().apply(imported(batch), Set.of());
    Set<Value> read = new HashSet<>();
    graph.nodes().forEach(n -> read.addAll(n.inputs()));
    List<Value> inputs = graph.inputs().stream().filter(read::contains).toList();
    if (inputs.size() > 1) {
      throw CandelaException.of(
          "%s: one input, the image, expected; it takes %d: %s",
          name(), inputs.size(), inputs.stream().map(Value::toString).toList());
    }
    Shape s = graph.input().shape();
    return batch == 1 ? s : s.with(0, 1);
  }

  /** The type that the file gives its first input: of whole numbers where it reads levels. */
  public ElementType inputType() {
    return computed.inputs().getFirst().type();
  }

  /**
   * Checks that an image can be asked about by itself.
   *
   * @throws CandelaException where the file holds a batch of several that no other can take the
   *     place of
   */
  public void checkSingle() {
    try {
      if (Import.batch(computed) > 1) {
        imported(1);
      }
    } catch (OnlyBatch e) {
      throw new CandelaException(
          e.getCause().getMessage()
              + "; the model is made for "
              + e.batch()
              + " images at a time: export it for one, or for any number",
          e);
    }
  }

  /**
   * How many scores an image has; 0 where the output is no row of them.
   *
   * @param output name of the model output that holds the class scores, null for the first
   */
  public int classes(String output) {
    checkOutput(output);
    int batch = Import.batch(computed);
    return Scores.classes(Scores.output(imported(batch), output), batch);
  }

  /**
   * The model's own name of what class activation maps look at unless a layer is named: the last
   * feature map; empty where it has none.
   */
  public Optional<String> features() {
    try {
      return Optional.of(Features.last(imported(Import.batch(computed))));
    } catch (CandelaException e) {
      return Optional.empty();
    }
  }

  /**
   * The simplified graph for batches of the given size.
   *
   * @throws OnlyBatch when it can be had for one size only, or images may depend on each other
   */
  public Graph graph(int batch, SessionOptions options) {
    if (batch < 1) {
      throw CandelaException.of("batch %d: expected 1 or more", batch);
    }
    checkOutput(options.output());
    if (batch > 1 && mixing().isPresent()) {
      throw new OnlyBatch(mixing().get());
    }
    Graph graph = imported(batch);
    Map<String, List<String>> names = new HashMap<>();
    for (String wanted : options.gradientAt()) {
      names.put(wanted, named(graph, wanted, options.output()));
    }
    Set<String> keep = new HashSet<>();
    names.values().forEach(keep::addAll);
    graph = options.from().isEmpty() ? graph : Tail.of(graph, options);
    keep.addAll(Scores.quantised(graph, batch));
    Map<String, Shape> two = batch == 1 ? two() : Map.of();
    Graph simple =
        options.rules().isEmpty()
            ? Simplify.all(graph, keep, two)
            : Simplify.forRules(graph, keep, two);
    return placed(MixedScores.of(simple, options.output(), batch), names, batch);
  }

  /** The model's names of what a name stands for, "" being the input. */
  private List<String> named(Graph graph, String wanted, String output) {
    if (!wanted.equals(SessionOptions.FULL_GRADIENT)) {
      return Features.named(graph, wanted);
    }
    return Stream.concat(Stream.of(""), biases(output).stream().map(Bias::value)).toList();
  }

  private void checkOutput(String output) {
    String why = missing.get(output == null ? first : output);
    if (why != null) {
      throw CandelaException.of(
          "%s: output '%s' cannot be had: %s; name another output, it has %s",
          name(),
          output == null ? first : output,
          why,
          model.outputs().stream().map(OnnxValue::name).toList());
    }
  }

  /**
   * The graph, in which values of the model are found, images first, by what was asked for.
   *
   * @param names the model's, by the names asked for
   */
  private Graph placed(Graph g, Map<String, List<String>> names, int batch) {
    Map<String, Graph.Place> named = new HashMap<>(g.named());
    names.forEach(
        (asked, all) -> {
          for (int i = 0; i < all.size(); i++) {
            String name = all.get(i);
            Graph.Place p = g.named().get(name);
            if (p != null) {
              boolean heads = asked.equals(SessionOptions.ATTENTION);
              named.put(Graph.part(asked, i), first(p, name, batch, heads));
            } else if (SessionOptions.isOfSeveral(asked)) {
              named.put(Graph.part(asked, i), g.place(name));
            }
          }
        });
    return new Graph(g.name(), g.inputs(), g.outputs(), g.nodes(), named);
  }

  /** An image may be several rows where they are tokens, or heads. */
  private Graph.Place first(Graph.Place p, String name, int batch, boolean heads) {
    return images().first(p, name, batch, heads || p.shape().rank() == 2);
  }

  private synchronized ImageAxes images() {
    if (images == null) {
      images = Import.images(computed);
    }
    return images;
  }

  /**
   * Where in an image the tokens of a value are, of {@link SessionOptions#ATTENTION} those that the
   * last attention reads; null where that cannot be told from the file.
   *
   * @param name a model's, or one of {@link SessionOptions}
   */
  public synchronized Layout layout(String name) {
    if (!layouts.containsKey(name)) {
      Graph graph = imported(1);
      boolean read = name.equals(SessionOptions.ATTENTION);
      Value tokens = read ? Features.read(graph) : found(graph, name);
      layouts.put(name, tokens == null ? null : Layouts.of(graph, tokens));
    }
    return layouts.get(name);
  }

  /**
   * The biases that have a place in the image: of convolutions and batch normalisations that the
   * class scores depend on, in the graph's order.
   *
   * @param output name of the model output that holds the class scores, null for the first
   * @throws Unsuited where there is none
   */
  public synchronized List<Bias> biases(String output) {
    return biases.computeIfAbsent(output, o -> List.copyOf(Biases.of(imported(1), o)));
  }

  private static Value found(Graph graph, String name) {
    Graph.Place p = graph.named().get(Features.named(graph, name).getFirst());
    return p == null || p.perm() != null ? null : p.value();
  }

  /** Empty where the model cannot be read for two. */
  private synchronized Map<String, Shape> two() {
    if (two == null) {
      Map<String, Shape> shapes = new HashMap<>();
      try {
        Graph graph = imported(2);
        graph.inputs().forEach(v -> shapes.put(v.name(), v.shape()));
        graph.nodes().forEach(n -> n.outputs().forEach(v -> shapes.put(v.name(), v.shape())));
      } catch (CandelaException e) {
        // nothing has to be as for several
      }
      two = shapes;
    }
    return two;
  }

  private synchronized Optional<String> mixing() {
    if (mixing == null) {
      mixing = Import.mixing(computed);
    }
    return mixing;
  }

  private Graph imported(int batch) {
    Graph graph = Import.graph(computed, batch, turned);
    if (graph.inputs().isEmpty()) {
      throw CandelaException.of(
          "%s: has no input besides its weights; export it with the image as input", name());
    }
    return graph;
  }

  public Session session(Device device, int batch, SessionOptions options) {
    return Session.open(graph(batch, options), device, options);
  }
}
