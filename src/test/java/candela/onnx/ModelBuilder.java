package candela.onnx;

import candela.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A model of a few nodes, made by hand. */
public final class ModelBuilder {
  private final int opset;
  private final List<OnnxValue> inputs = new ArrayList<>();
  private final List<OnnxValue> outputs = new ArrayList<>();
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, OnnxTensor> constants = new LinkedHashMap<>();

  public ModelBuilder(int opset) {
    this.opset = opset;
  }

  /** A float input; a leading -1 is the open batch dimension. */
  public ModelBuilder input(String name, int... dims) {
    return input(name, ElementType.FLOAT, dims);
  }

  public ModelBuilder input(String name, ElementType type, int... dims) {
    List<Dim> shape = new ArrayList<>();
    for (int d : dims) {
      shape.add(d == -1 ? new Dim.Named("n") : new Dim.Fixed(d));
    }
    inputs.add(new OnnxValue(name, type, shape));
    return this;
  }

  /** An input without a shape. */
  public ModelBuilder shapeless(String name) {
    inputs.add(new OnnxValue(name, ElementType.FLOAT, Optional.empty()));
    return this;
  }

  public ModelBuilder constant(String name, Shape shape, float... values) {
    constants.put(name, OnnxTensor.of(name, shape, values));
    return this;
  }

  public ModelBuilder constant(String name, Shape shape, long... values) {
    constants.put(name, OnnxTensor.of(name, shape, values));
    return this;
  }

  /**
   * A node named by its operator and first output.
   *
   * @param in names, comma-separated, empty = absent
   * @param out names, likewise
   * @param attributes name, value, name, value, …
   */
  public ModelBuilder node(String op, String in, String out, Object... attributes) {
    Map<String, OnnxAttribute> map = new HashMap<>();
    for (int i = 0; i < attributes.length; i += 2) {
      map.put((String) attributes[i], attribute(attributes[i + 1]));
    }
    List<String> from = in.isEmpty() ? List.of() : List.of(in.split(",", -1));
    List<String> to = List.of(out.split(",", -1));
    nodes.add(new OnnxNode(op + "." + to.get(0), op, "", from, to, map));
    return this;
  }

  private static OnnxAttribute attribute(Object value) {
    return switch (value) {
      case Integer i -> new OnnxAttribute.Int(i);
      case Float f -> new OnnxAttribute.Float(f);
      case String s -> new OnnxAttribute.Text(s);
      case int[] v -> new OnnxAttribute.Ints(Arrays.stream(v).mapToObj(i -> (long) i).toList());
      case float[] v -> {
        List<Float> list = new ArrayList<>();
        for (float f : v) {
          list.add(f);
        }
        yield new OnnxAttribute.Floats(list);
      }
      case OnnxTensor t -> new OnnxAttribute.Tensor(t);
      default -> throw new IllegalArgumentException("no attribute: " + value);
    };
  }

  public ModelBuilder output(String... names) {
    for (String n : names) {
      outputs.add(new OnnxValue(n, ElementType.FLOAT, Optional.empty()));
    }
    return this;
  }

  public byte[] bytes() {
    OnnxModel model =
        new OnnxModel(
            "test.onnx",
            "by hand",
            opset,
            Map.of(),
            inputs,
            outputs,
            nodes,
            constants,
            List.of(),
            Map.of());
    return ModelWriter.bytes(model, Map.of(), false);
  }

  /** The model as it is read from a file. */
  public OnnxModel model() {
    try {
      Path folder = Files.createTempDirectory("candela");
      Path file = folder.resolve("test.onnx");
      try {
        Files.write(file, bytes());
        return OnnxModel.read(file);
      } finally {
        Files.delete(file);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
