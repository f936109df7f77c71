package candela.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which nodes run some rows of the batch at a time, one node after another: what a node hands to
 * the next is still in the cache then, and takes the memory of those rows alone. Bits stay, since
 * every row is computed by itself.
 */
final class Slices {
  /**
   * Nodes first to last (inclusive), so many rows at a time; the whole batch where rows is its
   * size.
   */
  record Run(int first, int last, int rows) {}

  private Slices() {}

  /**
   * Runs that cover all nodes in their order.
   *
   * @param bytes what the widest node of a run may read and write
   */
  static List<Run> of(Graph graph, int batch, int threads, long bytes) {
    List<Run> runs = new ArrayList<>();
    List<Node> nodes = graph.nodes();
    int first = 0;
    while (first < nodes.size()) {
      int last = first;
      if (byRows(nodes.get(first), batch)) {
        while (last + 1 < nodes.size() && byRows(nodes.get(last + 1), batch)) {
          last++;
        }
      }
      int rows =
          last == first ? batch : rows(nodes.subList(first, last + 1), batch, threads, bytes);
      runs.add(new Run(first, last, rows));
      first = last + 1;
    }
    return runs;
  }

  /** Equal slices, each a multiple of the threads, which take two rows or more apiece. */
  private static int rows(List<Node> nodes, int batch, int threads, long bytes) {
    long widest = 1;
    for (Node n : nodes) {
      long row = n.outputs().stream().mapToLong(v -> v.shape().count()).sum();
      row += n.inputs().stream().filter(v -> of(v, batch)).mapToLong(v -> v.shape().count()).sum();
      widest = Math.max(widest, row * 4 / batch);
    }
    long most = Math.max(bytes / widest, 2L * threads);
    if (most >= batch) {
      return batch;
    }
    long slices = (batch + most - 1) / most;
    long rows = (batch + slices - 1) / slices;
    return (int) Math.min(batch, (rows + threads - 1) / threads * threads);
  }

  private static boolean byRows(Node n, int batch) {
    return n.outputs().stream().allMatch(v -> of(v, batch))
        && IntStream.range(0, n.inputs().size()).allMatch(i -> fits(n, i, batch))
        && n.op().byRows(n);
  }

  private static boolean fits(Node n, int i, int batch) {
    Value v = n.input(i);
    return v == null || v.isConstant() || n.op().isShared(i) || of(v, batch);
  }

  private static boolean of(Value v, int batch) {
    return v != null && !v.isConstant() && v.shape().rank() > 0 && v.shape().dim(0) == batch;
  }
}
