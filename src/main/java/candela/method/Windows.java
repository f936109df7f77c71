package candela.method;

import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

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
  private final float[] pixels;
  private final Tensor x;

  /** One image for all windows, or null where windows are made up one by one. */
  private final Tensor fill;

  private final Inpainter.Filling filling;
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
    boolean inpaint = fill == Fill.INPAINT;
    this.fill = inpaint ? null : fill.image(subject, seed, workspace);
    filling = inpaint ? inpainter.open(image, subject.levels(), workspace) : null;
    pixels = subject.pixels();
    x = workspace.tensor(subject.shape(), subject.pixels());
    edges = new int[EDGES + windows.length];
    System.arraycopy(windows, 0, edges, EDGES, windows.length);
    all = workspace.ints(edges);
    window = all.asSlice(EDGES * 4L);
    drop = new double[windows.length / EDGES];
    know(0, workspace.asked(subject.pixels(), ask(), target()));
  }

  @Override
  protected final void fill(int first, Tensor rows) {
    if (filling != null) {
      float[] y = new float[rows.count()];
      filling.fill(pixels, holes(first, rows.shape().dim(0)), y);
      workspace.device().write(rows, y);
      return;
    }
    workspace
        .device()
        .kernels()
        .mask()
        .occlude(
            rows.shape().dim(0),
            image.dim(0),
            image.dim(1),
            image.dim(2),
            x.data(),
            fill.data(),
            all.asSlice(first * EDGES * 4L),
            rows.data());
  }

  private byte[] holes(int first, int rows) {
    int w = image.dim(2);
    byte[] hole = new byte[rows * image.dim(1) * w];
    for (int r = 0; r < rows; r++) {
      int at = (first + r) * EDGES;
      for (int i = edges[at]; i < edges[at + 2]; i++) {
        int line = (r * image.dim(1) + i) * w;
        Arrays.fill(hole, line + edges[at + 1], line + edges[at + 3], (byte) 1);
      }
    }
    return hole;
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
