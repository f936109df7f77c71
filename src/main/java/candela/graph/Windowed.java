package candela.graph;

import candela.device.Device;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A session for images that differ from one image in a window each, which computes only what the
 * window may change. Scores have the bits of an ordinary session's. It is opened only where the
 * device gave the same bits in both ways for windows at the edges and elsewhere in two images at
 * random, so that a library that adds in another order where an image is smaller is not used.
 *
 * <p>Use: {@link #image} once; then rows into the session's input, {@link #corners}, and the
 * session as any other. Owns its sessions, not the device. Not thread-safe.
 */
public final class Windowed implements AutoCloseable {
  /** Windows that are compared: all corners, edges and elsewhere. */
  private static final int COMPARED = 12;

  /** Sizes of what the images that are compared hold: about 0, and far from it. */
  private static final float[] SCALES = {1, 50};

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
   * @return null where too little is saved, or where the device does not give the same bits
   * @throws candela.device.OutOfMemory where there is no room for it beside what is open
   */
  public static Windowed open(
      Network network, Device device, int batch, String output, int tall, int wide) {
    SessionOptions options = new SessionOptions(List.of(), output);
    WindowedGraph graph = WindowedGraph.of(network.graph(batch, options), tall, wide);
    Graph one = graph == null ? null : ofOne(network, options);
    if (one == null || !graph.isLike(one)) {
      return null;
    }
    Session original = Session.open(graph.original(one), device, SessionOptions.FORWARD);
    Session session = null;
    try {
      boolean same;
      try (Session changed = Session.open(graph.changed(), device, SessionOptions.FORWARD)) {
        same = new Windowed(graph, one, changed, original).isSame(tall, wide);
      }
      session = same ? Session.open(graph.graph(), device, options) : null;
    } finally {
      if (session == null) {
        original.close();
      }
    }
    return session == null ? null : new Windowed(graph, one, session, original);
  }

  /** Null where the model is made for another number of images. */
  private static Graph ofOne(Network network, SessionOptions options) {
    try {
      return network.graph(1, options);
    } catch (CandelaException e) {
      return null;
    }
  }

  /** Where rows go and scores come from. */
  public Session session() {
    return session;
  }

  /** What all rows are but for their window: x[C,H,W]. */
  public void image(Tensor x) {
    copy(x, original.input());
    rest();
  }

  /** Computes what rows have in common with the image that the original's input holds. */
  private void rest() {
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

  /** What both sessions take, as {@link MemoryReport} counts it. */
  public long bytes() {
    return session.memory().bytes() + original.memory().bytes();
  }

  private void copy(Tensor x, Tensor y) {
    int[] dims = {y.count()};
    int[] strides = {1};
    device.kernels().move().copyStrided(false, 1, dims, strides, strides, x.data(), y.data());
  }

  /**
   * Whether windows end in what the original gives for the same rows. The session is that of the
   * changed nodes.
   */
  private boolean isSame(int tall, int wide) {
    Shape images = session.input().shape();
    int h = images.dim(2);
    int w = images.dim(3);
    int[][] corner = places(Math.max(h - tall, 0), Math.max(w - wide, 0));
    for (float scale : SCALES) {
      float[] image = drawn(0, scale, images.count(1, 4));
      device.write(original.input(), image);
      rest();
      for (int first = 0; first < COMPARED; first += images.dim(0)) {
        int rows = Math.min(COMPARED - first, images.dim(0));
        int[] corners = new int[2 * rows];
        for (int r = 0; r < rows; r++) {
          int[] at = corner[first + r];
          System.arraycopy(at, 0, corners, 2 * r, 2);
          float[] row = row(image, first + r, at, new int[] {h, w, tall, wide}, scale);
          device.write(session.input().rows(r, r + 1), row);
        }
        corners(corners);
        session.forward();
        for (int r = 0; r < rows; r++) {
          device.write(original.input(), device.read(session.input().rows(r, r + 1)));
          original.forward();
          if (!isSame(r)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** Whether row r ended in what the original has for its one row. */
  private boolean isSame(int r) {
    for (int k = 0; k < graph.ends().size(); k++) {
      Value changed = session.graph().outputs().get(k);
      float[] got = device.read(session.tensor(changed).rows(r, r + 1));
      if (!Arrays.equals(got, device.read(original.tensor(graph.at(graph.ends().get(k), one))))) {
        return false;
      }
    }
    return true;
  }

  /** Corners and edges of the image, then places at random. */
  private static int[][] places(int down, int across) {
    SplittableRandom random = new SplittableRandom(COMPARED);
    int[][] places = new int[COMPARED][];
    for (int i = 0; i < COMPARED; i++) {
      int top = i < 4 ? i / 2 * down : i == 4 ? 0 : i == 5 ? down : random.nextInt(down + 1);
      int left = i < 4 ? i % 2 * across : i == 6 ? 0 : i == 7 ? across : random.nextInt(across + 1);
      places[i] = new int[] {top, left};
    }
    return places;
  }

  private static float[] drawn(int seed, float scale, int n) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble(-scale, scale);
    }
    return x;
  }

  /** The image with other pixels in the window; sides are those of the image and of the window. */
  private static float[] row(float[] image, int seed, int[] corner, int[] sides, float scale) {
    float[] row = image.clone();
    SplittableRandom random = new SplittableRandom(seed);
    for (int plane = 0; plane < row.length; plane += sides[0] * sides[1]) {
      for (int i = corner[0]; i < Math.min(corner[0] + sides[2], sides[0]); i++) {
        for (int j = corner[1]; j < Math.min(corner[1] + sides[3], sides[1]); j++) {
          row[plane + i * sides[1] + j] = (float) random.nextDouble(-scale, scale);
        }
      }
    }
    return row;
  }

  @Override
  public void close() {
    session.close();
    original.close();
  }
}
