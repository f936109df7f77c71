package candela.method;

import candela.image.Telea;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * {@link Telea}'s inpainting, on the processor; 0 at the network's input where everything is
 * hidden.
 */
record FastMarching(Telea telea) implements Inpainter {
  @Override
  public Filling open(Shape image, Levels levels, Workspace workspace) {
    // a card has one thread, and leaves the processor free
    int threads =
        workspace.device().readsHost()
            ? workspace.device().threads()
            : Runtime.getRuntime().availableProcessors();
    return (x, hole, y) -> fill(image, threads, x, hole, y);
  }

  /** Threads take rows as they come; a row depends on itself alone. */
  private void fill(Shape image, int threads, float[] x, byte[] hole, float[] y) {
    int rows = hole.length / image.count(1, 3);
    AtomicInteger next = new AtomicInteger();
    IntStream.range(0, Math.min(rows, threads))
        .parallel()
        .forEach(
            thread -> {
              for (int r = next.getAndIncrement(); r < rows; r = next.getAndIncrement()) {
                row(image, r, x, hole, y);
              }
            });
  }

  private void row(Shape image, int row, float[] x, byte[] hole, float[] y) {
    int pixels = image.count(1, 3);
    byte[] own = Arrays.copyOfRange(hole, row * pixels, (row + 1) * pixels);
    int at = row * image.count();
    if (!telea.fill(x, image.dim(0), image.dim(1), image.dim(2), own, y, at)) {
      Arrays.fill(y, at, at + image.count(), 0);
    }
  }

  @Override
  public String text() {
    return "telea:radius=" + telea.radius();
  }
}
