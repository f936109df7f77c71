package candela.method;

import candela.image.Telea;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
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

  /** Each thread has rows of its own, so that no value depends on how many there are. */
  private void fill(Shape image, int threads, float[] x, byte[] hole, float[] y) {
    int rows = hole.length / image.count(1, 3);
    try (var pool = new ForkJoinPool(Math.clamp(rows, 1, threads))) {
      pool.submit(() -> IntStream.range(0, rows).parallel().forEach(r -> row(image, r, x, hole, y)))
          .join();
    }
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
