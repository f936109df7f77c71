package candela.method;

import candela.probe.Workspace;
import java.util.Arrays;
import java.util.List;

/** Images that stand for the data, as the network takes them; equal when their values are. */
public final class Background {
  /** None: the baseline stands for the data. */
  public static final Background NONE = new Background(List.of());

  private final List<float[]> images;

  public Background(List<float[]> images) {
    this.images = images.stream().map(float[]::clone).toList();
  }

  /**
   * The images; where there are none, the baseline, of a random one as many as count.
   *
   * @param method for messages
   */
  List<float[]> of(
      String method,
      Subject subject,
      Baseline baseline,
      int count,
      long seed,
      Workspace workspace) {
    for (float[] image : images) {
      if (image.length != subject.pixels().length) {
        throw candela.tensor.CandelaException.of(
            "%s: background: images of %d values expected, got one of %d",
            method, subject.pixels().length, image.length);
      }
    }
    if (!images.isEmpty()) {
      return images;
    }
    float[][] drawn = new float[baseline == Baseline.RANDOM ? count : 1][];
    for (int i = 0; i < drawn.length; i++) {
      try (var own = new Workspace(workspace.device())) {
        drawn[i] = workspace.device().read(baseline.of(subject, seed + i, own));
      }
    }
    return List.of(drawn);
  }

  @Override
  public boolean equals(Object o) {
    if (!(o instanceof Background b) || b.images.size() != images.size()) {
      return false;
    }
    for (int i = 0; i < images.size(); i++) {
      if (!Arrays.equals(images.get(i), b.images.get(i))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    return images.stream().mapToInt(Arrays::hashCode).sum();
  }

  @Override
  public String toString() {
    return images.size() + " images, hash " + Integer.toHexString(hashCode());
  }
}
