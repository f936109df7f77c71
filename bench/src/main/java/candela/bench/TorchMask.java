package candela.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import candela.method.MeaningfulPerturbation;
import candela.method.Subject;
import java.util.Arrays;

/**
 * Meaningful perturbation with SAM's settings, as its script runs it: one image and one setting at
 * a time, every step's loss differentiated by PyTorch, its Adam, the mask cut to 0 … 1. The discs
 * of the start's search are one batch.
 */
final class TorchMask implements TorchMethod {
  private static final int SIZE = Setting.SIZE;
  private static final int DISC_STEP = 5;
  private static final double DISC_SIGMA = 10;
  private static final int DISC_RADIUS = 40;
  private static final double LEFT = 0.01;

  private final TorchModel model;
  private final MeaningfulPerturbation method;
  private final int side;
  private final int target;
  private final int[] shift;
  private final int searched;
  private final NDManager own;

  /** The blurred image, and how the image differs from it; edges repeated by the jitter. */
  private final NDArray blurred;

  private final NDArray difference;

  /** The mask that the descent starts from. */
  private final float[] start;

  TorchMask(TorchModel model, MeaningfulPerturbation method, Subject subject, Draws draws) {
    this.model = model;
    this.method = method;
    side = method.mask();
    target = subject.target();
    shift = shifts(draws);
    own = model.scope();
    float[] b = subject.pixels().clone();
    Gaussian.smooth(b, 3, SIZE, SIZE, method.blur(), (int) Math.ceil(3 * method.blur()), false);
    float[] d = subject.pixels().clone();
    for (int i = 0; i < d.length; i++) {
      d[i] -= b[i];
    }
    blurred = padded(b);
    difference = padded(d);
    boolean circular = method.start() == MeaningfulPerturbation.Start.CIRCULAR;
    searched = circular ? 2 + discs() : 0;
    start =
        switch (method.start()) {
          case ONES -> ones();
          case RANDOM -> draws.uniform(method.seed(), 0, 1, side * side);
          case CIRCULAR -> search();
        };
  }

  private float[] ones() {
    float[] ones = new float[side * side];
    Arrays.fill(ones, 1);
    return ones;
  }

  private int[] shifts(Draws draws) {
    float[] u = draws.uniform(method.seed(), 1, method.iterations(), 2);
    int[] s = new int[u.length];
    for (int i = 0; i < s.length && method.jitter() > 0; i++) {
      s[i] = Math.min((int) (u[i] * method.jitter()), method.jitter() - 1) - method.jitter() / 2;
    }
    return s;
  }

  /** [1,3,SIZE + jitter,SIZE + jitter]. */
  private NDArray padded(float[] x) {
    int before = method.jitter() / 2;
    int wide = SIZE + method.jitter();
    float[] y = new float[3 * wide * wide];
    for (int i = 0; i < y.length; i++) {
      int row = Math.clamp(i / wide % wide - before, 0, SIZE - 1);
      int column = Math.clamp(i % wide - before, 0, SIZE - 1);
      y[i] = x[(i / (wide * wide) * SIZE + row) * SIZE + column];
    }
    return model.layout(own.create(y, new Shape(1, 3, wide, wide)));
  }

  @Override
  public int rows() {
    return searched + method.iterations();
  }

  @Override
  public int loop() {
    return method.iterations();
  }

  private int discs() {
    return (int) Math.ceil(Math.hypot(side / 2, side / 2) / DISC_STEP);
  }

  /** The first disc, of radius 0, 5, 10, …, that leaves little of the score. */
  private float[] search() {
    int n = side * side;
    float[][] masks = new float[searched][];
    masks[0] = ones();
    for (int i = 1; i < searched; i++) {
      float[] disc = new float[n];
      int radius = (i - 1) * DISC_STEP;
      for (int j = 0; j < n; j++) {
        int y = j / side - side / 2;
        int x = j % side - side / 2;
        disc[j] = x * x + y * y <= radius * radius ? 1 : 0;
      }
      Gaussian.smooth(disc, 1, side, side, DISC_SIGMA, DISC_RADIUS, true);
      masks[i] = new float[n];
      for (int j = 0; j < n; j++) {
        masks[i][j] = 1 - disc[j];
      }
    }
    float[] all = new float[searched * n];
    for (int i = 0; i < searched; i++) {
      System.arraycopy(masks[i], 0, all, i * n, n);
    }
    try (NDManager scope = model.scope()) {
      JniUtils.setGradMode(false);
      NDArray m = scope.create(all, new Shape(searched, 1, side, side));
      float[] score = model.probabilities(model.layout(blend(m, 0, 0)), target);
      double least = score[searched - 1];
      for (int i = 1; i < searched; i++) {
        if ((score[i] - least) / (score[0] - least) < LEFT) {
          return masks[i];
        }
      }
      return masks[searched - 1];
    }
  }

  /** The mask [n,1,side,side], enlarged to the image's size, between the image and the blurred. */
  private NDArray blend(NDArray m, int down, int across) {
    int top = method.jitter() / 2 + down;
    int left = method.jitter() / 2 + across;
    String part = ":,:,%d:%d,%d:%d".formatted(top, top + SIZE, left, left + SIZE);
    return enlarged(m)
        .mul(difference.get(m.getManager(), new NDIndex(part)))
        .add(blurred.get(m.getManager(), new NDIndex(part)));
  }

  private NDArray enlarged(NDArray m) {
    long n = m.getShape().get(0);
    int times = SIZE / side;
    return m.reshape(n, 1, side, 1, side, 1)
        .broadcast(n, 1, side, times, side, times)
        .reshape(n, 1, SIZE, SIZE);
  }

  private NDArray loss(NDArray m, NDArray probability) {
    NDArray less = m.sub(1).abs().sum().mul(method.l1());
    NDArray down = m.get(":,:,1:,:").sub(m.get(":,:,:-1,:")).abs().pow(method.beta()).sum();
    NDArray across = m.get(":,:,:,1:").sub(m.get(":,:,:,:-1")).abs().pow(method.beta()).sum();
    return less.add(down.add(across).mul(method.tv())).add(probability.sum());
  }

  @Override
  public float[] map(int rows) {
    Shape shape = new Shape(1, 1, side, side);
    try (NDArray m = own.create(start, shape);
        NDArray mean = own.zeros(shape);
        NDArray square = own.zeros(shape)) {
      for (int i = 0; i < rows; i++) {
        step(m, mean, square, i);
      }
      return map(m);
    }
  }

  private void step(NDArray m, NDArray mean, NDArray square, int i) {
    try (NDManager scope = model.scope()) {
      NDArray leaf = m.stopGradient();
      leaf.attach(scope);
      int down = shift[2 * i];
      int across = shift[2 * i + 1];
      NDArray g =
          model.gradient(
              leaf,
              scope,
              in -> blend(in, down, across),
              out -> loss(leaf, TorchModel.column(out.output(), target)));
      g.attach(scope);
      JniUtils.setGradMode(false);
      double corrected =
          method.rate() * Math.sqrt(1 - Math.pow(0.999, i + 1)) / (1 - Math.pow(0.9, i + 1));
      JniUtils.adamUpdate(
          (PtNDArray) m,
          (PtNDArray) g,
          (PtNDArray) mean,
          (PtNDArray) square,
          (float) method.rate(),
          (float) corrected,
          0,
          1,
          -1,
          0.9f,
          0.999f,
          1e-8f,
          false);
      try (NDArray cut = m.clip(0, 1)) {
        cut.copyTo(m);
      }
    }
  }

  private float[] map(NDArray m) {
    float[] small = m.toFloatArray();
    float[] kept = new float[SIZE * SIZE];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = small[i / SIZE * side / SIZE * side + i % SIZE * side / SIZE];
    }
    if (method.smooth() > 0) {
      int radius = (int) Math.ceil(3 * method.smooth());
      Gaussian.smooth(kept, 1, SIZE, SIZE, method.smooth(), radius, false);
    }
    for (int i = 0; i < kept.length; i++) {
      kept[i] = 1 - kept[i];
    }
    return kept;
  }

  @Override
  public void close() {
    own.close();
  }
}
