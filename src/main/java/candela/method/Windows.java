package candela.method;

import candela.probe.Occluded;
import candela.probe.Rectangles;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Occludes one window a row; row 0 is the image itself. */
abstract class Windows extends Drops implements Occluded {
  /** Ints of a window: top, left, bottom, right. */
  static final int EDGES = Rectangles.EDGES;

  /** [windows,4], on the device. */
  protected final MemorySegment window;

  private final Occluder occluder;

  /** An empty window, then all: here and on the device. */
  private final int[] edges;

  private final MemorySegment all;

  Windows(
      Method method,
      Subject subject,
      Workspace workspace,
      Fill fill,
      Inpainter inpainter,
      long seed,
      int[] windows) {
    super(method, subject, workspace, windows.length / EDGES);
    occluder = new Occluder(subject, workspace, fill, inpainter, seed);
    edges = new int[EDGES + windows.length];
    System.arraycopy(windows, 0, edges, EDGES, windows.length);
    all = workspace.ints(edges);
    window = all.asSlice(EDGES * 4L);
  }

  @Override
  protected final void fill(int first, Tensor rows) {
    occluder.occlude(edges, all, first, rows);
  }

  @Override
  public final Occluded occluded() {
    return this;
  }

  @Override
  public final Tensor image() {
    return occluder.image();
  }

  @Override
  public final int tall() {
    return Rectangles.tall(edges);
  }

  @Override
  public final int wide() {
    return Rectangles.wide(edges);
  }

  @Override
  public final int[] corners() {
    return Rectangles.corners(edges, first(), written());
  }

  /** Windows at the crossings of these tops and lefts, cut at the edges of h × w. */
  static int[] grid(int rows, int columns, int stride, int tall, int wide, int h, int w) {
    int[] windows = new int[rows * columns * EDGES];
    int at = 0;
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        windows[at++] = i * stride;
        windows[at++] = j * stride;
        windows[at++] = Math.min(i * stride + tall, h);
        windows[at++] = Math.min(j * stride + wide, w);
      }
    }
    return windows;
  }
}
