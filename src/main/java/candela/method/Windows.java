package candela.method;

import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Occludes one window a row; row 0 is the image itself. */
abstract class Windows extends Sampled<Attribution> {
  /** Ints of a window: top, left, bottom, right. */
  static final int EDGES = 4;

  protected final Workspace workspace;
  protected final Shape image;

  /** [windows,4], on the device. */
  protected final MemorySegment window;

  /** f(x) − f(x with the window filled), by window. */
  protected final double[] drop;

  protected double score;
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
    super(Ask.score(method.score()), subject.target(), windows.length / EDGES + 1);
    this.workspace = workspace;
    image = subject.image();
    occluder = new Occluder(subject, workspace, fill, inpainter, seed);
    edges = new int[EDGES + windows.length];
    System.arraycopy(windows, 0, edges, EDGES, windows.length);
    all = workspace.ints(edges);
    window = all.asSlice(EDGES * 4L);
    drop = new double[windows.length / EDGES];
    know(0, workspace.asked(subject.pixels(), ask(), target()));
  }

  @Override
  protected final void fill(int first, Tensor rows) {
    occluder.occlude(edges, all, first, rows);
  }

  @Override
  protected final void add(int first, Answers answers) {
    answers.scoresLater(
        s -> {
          for (int i = 0; i < s.length; i++) {
            if (first + i == 0) {
              score = s[0];
            } else {
              drop[first + i - 1] = score - s[i];
            }
          }
        });
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
