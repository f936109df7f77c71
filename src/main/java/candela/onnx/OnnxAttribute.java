package candela.onnx;

import java.util.List;

/**
 * The value of a node's attribute. Graphs, sparse tensors and types are refused when a file is
 * read.
 */
public sealed interface OnnxAttribute {
  record Int(long value) implements OnnxAttribute {}

  record Ints(List<Long> values) implements OnnxAttribute {
    public Ints {
      values = List.copyOf(values);
    }
  }

  @SuppressWarnings("AvoidCommonTypeNames") // named as ONNX names it
  record Float(float value) implements OnnxAttribute {}

  record Floats(List<java.lang.Float> values) implements OnnxAttribute {
    public Floats {
      values = List.copyOf(values);
    }
  }

  record Text(String value) implements OnnxAttribute {}

  record Texts(List<String> values) implements OnnxAttribute {
    public Texts {
      values = List.copyOf(values);
    }
  }

  record Tensor(OnnxTensor value) implements OnnxAttribute {}
}
