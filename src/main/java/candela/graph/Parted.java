package candela.graph;

import java.util.List;

/**
 * An operator whose parts know nothing of each other: each gives some channels of the output from
 * inputs of its own, and back.
 */
public interface Parted extends Op {
  /**
   * What a part touches.
   *
   * @param input first of its inputs; the gradient flows to this one alone
   * @param inputs how many
   * @param channel first of its channels of the output
   * @param channels how many
   * @param kept where its bytes begin among {@link Op#keptBytes}
   * @param keptBytes how many
   */
  record Part(int input, int inputs, int channel, int channels, long kept, long keptBytes) {}

  /** In the order that {@link #forward} and {@link #backward} run them in. */
  List<Part> parts(Node node);

  /** Runs one part. */
  void forward(Step s, int part);

  /** Runs one part back; dx may be that of another part, too, which adds to it then. */
  void backward(Step s, int part);
}
