package candela.graph;

import candela.graph.op.Transpose;
import candela.onnx.Compositions;
import candela.onnx.Dim;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.onnx.OnnxValue;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Turns an ONNX model into a graph at fixed shapes; shape arithmetic is done on the way. */
public final class Import {
  private static final int[] CHANNELS_FIRST = {0, 3, 1, 2};

  private static final Set<String> RANDOM =
      Set.of(
          "Bernoulli",
          "Multinomial",
          "RandomNormal",
          "RandomNormalLike",
          "RandomUniform",
          "RandomUniformLike");

  private final OnnxModel model;
  private final Builder builder;

  /** Where images lie; null where nothing wants to know. */
  private final Batching batching;

  private final boolean turned;

  private Import(OnnxModel model, int batch, Builder made, boolean turned) {
    this.model = model;
    this.turned = turned;
    builder = new Builder(model.name(), model.opset(), batch, made, Elements.of(model));
    batching = builder.batching();
  }

  /** Of what the file says for any number of images, and looks where they are, or not. */
  private Import(OnnxModel model, int batch, Batching batching, Elements elements) {
    this.model = model;
    this.batching = batching;
    turned = false;
    builder = new Builder(model.name(), model.opset(), batch, null, elements);
  }

  /** As the other, all shapes from the file. */
  public static Graph graph(OnnxModel model, int batch) {
    return graph(model, batch, Map.of());
  }

  /**
   * Builds the graph.
   *
   * @param batch leading dimension of every input, whatever the file says
   * @param shapes whole shapes of inputs, for which batch is not used
   * @throws CandelaException when the model uses what is not supported, or does not fit together
   */
  public static Graph graph(OnnxModel model, int batch, Map<String, Shape> shapes) {
    return read(model, batch, shapes, false, b -> {});
  }

  /** The graph before parameters become inputs, its batch normalisations kept as nodes. */
  static Graph unfolded(OnnxModel model, int batch, boolean turned, Builder.Norms norms) {
    return read(
        model, batch, Map.of(), turned, builder -> builder.training(norms, model.initialisers()));
  }

  /**
   * As the others, all shapes from the file.
   *
   * @param turned the first input, [N,H,W,C] in the model, is [N,C,H,W] in the graph
   */
  static Graph graph(OnnxModel model, int batch, boolean turned) {
    return read(model, batch, Map.of(), turned, b -> {});
  }

  /** Reads it for the file's own batch first where that is another, see {@link Batching}. */
  private static Graph read(
      OnnxModel model,
      int batch,
      Map<String, Shape> shapes,
      boolean turned,
      Consumer<Builder> prepare) {
    int own = modelBatch(model, batch, shapes);
    Builder made = null;
    if (own != batch) {
      Import first = new Import(model, own, null, turned);
      prepare.accept(first.builder);
      first.build(own, shapes);
      made = first.builder;
    }
    Import reading = new Import(model, batch, made, turned);
    prepare.accept(reading.builder);
    try {
      return reading.build(batch, shapes);
    } catch (CandelaException e) {
      throw made == null || fits(model, 2 * own, made, turned, prepare)
          ? e // the batch is too large
          : new OnlyBatch(own, e.getMessage(), e);
    }
  }

  /** Whether it can be read for one other batch at least. */
  private static boolean fits(
      OnnxModel model, int batch, Builder made, boolean turned, Consumer<Builder> prepare) {
    Import reading = new Import(model, batch, made, turned);
    prepare.accept(reading.builder);
    try {
      reading.build(batch, Map.of());
      return true;
    } catch (CandelaException e) {
      return false;
    }
  }

  /**
   * The leading dimension that the file was made for; batch where it leaves that open, or shapes
   * are told from outside.
   */
  private static int modelBatch(OnnxModel model, int batch, Map<String, Shape> shapes) {
    if (model.inputs().isEmpty() || !shapes.isEmpty()) {
      return batch;
    }
    List<Dim> dims = model.inputs().getFirst().dims().orElse(List.of());
    return !dims.isEmpty() && dims.get(0) instanceof Dim.Fixed f && f.size() > 0 ? f.size() : batch;
  }

  /** The number of images that a model was made for; 1 where it leaves that open. */
  static int batch(OnnxModel model) {
    return modelBatch(model, 1, Map.of());
  }

  /**
   * What lets images reach each other in a model that leaves their number open, or why it can be
   * read for some numbers only; empty where nothing does, or it cannot be read at all.
   */
  static Optional<String> mixing(OnnxModel model) {
    if (!leavesBatchOpen(model)) {
      return Optional.empty();
    }
    Import two = new Import(model, 2, null, Elements.of(model));
    try {
      two.build(2, Map.of());
      Import three = new Import(model, 3, new Batching(two.builder, 3), Elements.of(model));
      three.build(3, Map.of());
      return Optional.empty();
    } catch (CandelaException e) {
      boolean some = isRead(model, 1) || isRead(model, 2) || isRead(model, 3);
      return some ? Optional.of(e.getMessage()) : Optional.empty();
    }
  }

  /** Where images lie in the values of a model, as far as it can be read for two batches. */
  static ImageAxes images(OnnxModel model) {
    boolean open = leavesBatchOpen(model);
    int own = open ? 2 : batch(model);
    try {
      Import one = new Import(model, own, null, false);
      one.build(own, Map.of());
      Import two =
          open
              ? new Import(model, 3, new Batching(one.builder, 3), Elements.of(model))
              : new Import(model, 2 * own, one.builder, false);
      two.build(open ? 3 : 2 * own, Map.of());
      return new ImageAxes(model.name(), two.batching, two.builder);
    } catch (CandelaException e) {
      return new ImageAxes(model.name(), null, null);
    }
  }

  private static boolean isRead(OnnxModel model, int batch) {
    try {
      new Import(model, batch, null, Elements.of(model)).build(batch, Map.of());
      return true;
    } catch (CandelaException e) {
      return false; // told by who wants a batch
    }
  }

  /** Whether the file was made for any number of images. */
  static boolean leavesBatchOpen(OnnxModel model) {
    return modelBatch(model, 2, Map.of()) != modelBatch(model, 3, Map.of());
  }

  /**
   * Initialisers and inputs, for nodes that are read one by one; in the batch that the file was
   * made for.
   *
   * @param open the batch where the file leaves it open
   */
  static Import inputs(OnnxModel model, int open) {
    int batch = modelBatch(model, open, Map.of());
    Import reading = new Import(model, batch, null, false);
    reading.inputs(batch, Map.of());
    return reading;
  }

  /**
   * Nothing yet, for nodes that read constants alone.
   *
   * @param elements of the constants that they make
   */
  static Import constants(OnnxModel model, Elements elements) {
    return new Import(model, 1, null, elements);
  }

  /** A constant, be it one that the model has not. */
  void bind(String name, OnnxTensor constant) {
    builder.bind(name, Value.constant(name, constant));
  }

  /** The shape of the value of an ONNX name. */
  Shape shape(String name) {
    return builder.value("input", name).shape();
  }

  /** The value of an ONNX name, as a constant where it is one. */
  Value known(String name) {
    return builder.known(builder.value("input", name));
  }

  private Graph build(int batch, Map<String, Shape> shapes) {
    List<Value> inputs = inputs(batch, shapes);
    model.nodes().forEach(this::read);
    List<Value> outputs = new ArrayList<>();
    for (OnnxValue v : model.outputs()) {
      outputs.add(output(v.name(), batch));
    }
    return builder.graph(inputs, outputs);
  }

  private List<Value> inputs(int batch, Map<String, Shape> shapes) {
    model.initialisers().forEach(this::bind);
    List<Value> inputs = new ArrayList<>();
    for (OnnxValue v : model.inputs()) {
      Shape shape = Optional.ofNullable(shapes.get(v.name())).orElseGet(() -> shape(v, batch));
      boolean turn = turned && inputs.isEmpty();
      Shape given = turn ? Transposition.shape(shape, CHANNELS_FIRST) : shape;
      Value x = Value.of(v.name(), given, !v.type().isFloating());
      inputs.add(x);
      builder.tell(x, v.type());
      Op back = new Transpose(Transposition.inverse(CHANNELS_FIRST));
      builder.bind(v.name(), turn ? builder.add(v.name(), back, List.of(x)) : x);
      if (batching != null) {
        batching.input(v.name(), builder.find(v.name()).shape());
      }
    }
    return inputs;
  }

  private Shape shape(OnnxValue v, int batch) {
    List<Dim> dims =
        v.dims()
            .orElseThrow(
                () ->
                    CandelaException.of(
                        "%s: input '%s' has no shape; give --input-shape, say 3x224x224, in a study"
                            + " input-shape=3x224x224",
                        model.name(), v.name()));
    int[] d = new int[dims.size()];
    for (int i = 0; i < d.length; i++) {
      if (i == 0) {
        d[i] = batch;
      } else if (dims.get(i) instanceof Dim.Fixed f) {
        d[i] = f.size();
      } else {
        throw CandelaException.of(
            "%s: input '%s' has the open dimension %s at axis %d; give --input-shape, say"
                + " 3x224x224, in a study input-shape=3x224x224",
            model.name(), v.name(), dims.get(i), i);
      }
    }
    return CandelaException.at(model.name() + ": input '" + v.name() + "'", () -> Shape.of(d));
  }

  private Value output(String name, int batch) {
    Value v = builder.value(model.name() + ": output", name);
    if (batching != null && batching.axis(name, v.shape()) != 0) {
      throw CandelaException.of(
          "%s: output '%s' is %s for a batch of %d", model.name(), name, v.shape(), batch);
    }
    return v;
  }

  /** Of a node whose operator is none of {@link Operators}. */
  static String whyNot(OnnxNode node) {
    if (node.domain().equals("com.microsoft.nchwc")) {
      return "it is laid out for one processor; save the model with ONNX Runtime's optimisation"
          + " level extended, not all";
    }
    if (node.domain().isEmpty() && RANDOM.contains(node.op())) {
      return "it draws numbers at random, so that no map could be repeated; export the model for"
          + " inference";
    }
    String name = node.domain().isEmpty() ? node.op() : node.domain() + "." + node.op();
    return Compositions.names().contains(name)
        ? "the operator is supported " + Compositions.limits(name) + " only"
        : "the operator is not supported; 'candela operators' lists those that are";
  }

  /** Adds what a node computes. */
  void read(OnnxNode node) {
    try {
      Operators.Entry entry = node.domain().isEmpty() ? Operators.find(node.op()) : null;
      if (entry == null) {
        throw new CandelaException(whyNot(node));
      }
      Call call = new Call(builder, node);
      Value y = entry.reader().read(call);
      call.finish(y);
      if (batching != null) {
        batching.follow(node, builder);
      }
    } catch (CandelaException e) {
      throw new CandelaException(model.name() + ": " + node.label() + ": " + e.getMessage(), e);
    } catch (IndexOutOfBoundsException | ArithmeticException | NegativeArraySizeException e) {
      throw new CandelaException(
          model.name()
              + ": "
              + node.label()
              + ": attributes and inputs do not fit together; export the model again",
          e);
    }
  }
}
