package candela.graph;

import candela.device.Device;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A session for images that differ from one image in a window each, which computes only what the
 * window may change. Scores have the bits of an ordinary session's: it is opened only where the
 * first nodes have been seen to give the same in both ways.
 *
 * <p>Use: {@link #image} once; then rows into the session's input, {@link #corners}, and the
 * session as any other. Owns its sessions, not the device. Not thread-safe.
 */
public final class Windowed implements AutoCloseable {
  /** Rows that are compared. */
  private static final int COMPARED = 8;

  private final WindowedGraph graph;
  private final Session session;

  /** The original's first nodes, for one image. */
  private final Session original;

  private final Graph one;
  private final Device device;

  private Windowed(WindowedGraph graph, Graph one, Session session, Session original) {
    this.graph = graph;
    this.one = one;
    this.session = session;
    this.original = original;
    device = session.device();
  }

  /**
   * @param output name of the model output that holds the class scores, null for the first
   * @param tall height of the largest window
   * @param wide its width
   * @return null where nothing is saved, or where the device does not give the same bits
   */
  public static Windowed open(
      Network network, Device device, int batch, String output, int tall, int wide) {
    SessionOptions options = new SessionOptions(List.of(), output);
    WindowedGraph graph = WindowedGraph.of(network.graph(batch, options), tall, wide);
    Graph one = network.graph(1, options);
    if (graph == null || !graph.isLike(one)) {
      return null;
    }
    Session original = Session.open(graph.original(one), device, SessionOptions.FORWARD);
    boolean same;
    try (Session changed = Session.open(graph.changed(), device, SessionOptions.FORWARD)) {
      same = new Windowed(graph, one, changed, original).isSame(tall, wide);
    } catch (RuntimeException e) {
      original.close();
      throw e;
    }
    if (!same) {
      original.close();
      return null;
    }
    try {
      return new Windowed(graph, one, Session.open(graph.graph(), device, options), original);
    } catch (RuntimeException e) {
      original.close();
      throw e;
    }
  }

  /** Where rows go and scores come from. */
  public Session session() {
    return session;
  }

  /** What all rows are but for their window: x[C,H,W]. */
  public void image(Tensor x) {
    copy(x, original.input());
    original.forward();
    for (Value v : graph.based()) {
      copy(original.tensor(graph.at(v, one)), session.tensor(graph.base(v)));
    }
  }

  /**
   * Where the windows of the rows begin that the next forward runs.
   *
   * @param corner top, left, of the first rows; the others stay as they were
   */
  public void corners(int[] corner) {
    MemorySegment to = session.tensor(graph.corner()).data();
    device.copyIn(MemorySegment.ofArray(corner), to.asSlice(0, corner.length * 4L));
  }

  /** What both sessions take, weights counted in. */
  public long bytes() {
    MemoryReport rows = session.memory();
    MemoryReport one = original.memory();
    return rows.constants() + rows.arena() + one.constants() + one.arena();
  }

  private void copy(Tensor x, Tensor y) {
    int[] dims = {y.count()};
    int[] strides = {1};
    device.kernels().move().copyStrided(false, 1, dims, strides, strides, x.data(), y.data());
  }

  /**
   * Whether windows at the edges and elsewhere end in what the original gives for the same rows.
   */
  private boolean isSame(int tall, int wide) {
    Shape images = session.input().shape();
    int rows = Math.min(COMPARED, images.dim(0));
    int h = images.dim(2);
    int w = images.dim(3);
    float[] image = new float[images.count(1, 4)];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < image.length; i++) {
      image[i] = (float) random.nextDouble(-1, 1);
    }
    device.write(original.input(), image);
    image(original.input());
    float[][] row = new float[rows][];
    int[] corner = new int[2 * rows];
    for (int r = 0; r < rows; r++) {
      int top = r % 4 < 2 ? r % 2 * (h - tall) : random.nextInt(h - tall + 1);
      int left = r % 3 < 2 ? r % 3 * (w - wide) : random.nextInt(w - wide + 1);
      corner[2 * r] = top;
      corner[2 * r + 1] = left;
      row[r] = image.clone();
      for (int i = 0; i < image.length; i++) {
        int down = i / w % h - top;
        int across = i % w - left;
        if (down >= 0 && down < tall && across >= 0 && across < wide) {
          row[r][i] = (float) random.nextDouble(-1, 1);
        }
      }
      device.write(session.input().rows(r, r + 1), row[r]);
    }
    corners(corner);
    session.forward();
    for (int r = 0; r < rows; r++) {
      device.write(original.input(), row[r]);
      original.forward();
      for (int k = 0; k < graph.ends().size(); k++) {
        Value end = graph.ends().get(k);
        float[] wanted = device.read(original.tensor(graph.at(end, one)));
        float[] got = device.read(session.tensor(session.graph().outputs().get(k)).rows(r, r + 1));
        for (int i = 0; i < got.length; i++) {
          if (got[i] != wanted[i]) {
            return false;
          }
        }
      }
    }
    return true;
  }

  @Override
  public void close() {
    session.close();
    original.close();
  }
}
