package candela.onnx;

/** One dimension of a graph input or output. */
public sealed interface Dim {
  /** Known in the file. */
  record Fixed(int size) implements Dim {
    @Override
    public String toString() {
      return Integer.toString(size);
    }
  }

  /** Chosen at run time; equal names mean equal sizes, and the empty name means nothing. */
  record Named(String name) implements Dim {
    @Override
    public String toString() {
      return name.isEmpty() ? "?" : name;
    }
  }
}
