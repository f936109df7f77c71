package candela.method;

import candela.graph.Unsuited;
import java.util.List;

/**
 * What black and white became in preprocessing, by channel: the ends of the network's input range.
 *
 * @param blueFirst whether three channels are blue, green, red
 */
public record Levels(List<Float> black, List<Float> white, boolean blueFirst) {
  /** For inputs that are not images. */
  public static final Levels NONE = new Levels(List.of(), List.of());

  /** Of grey or red, green, blue. */
  public Levels(List<Float> black, List<Float> white) {
    this(black, white, false);
  }

  public Levels {
    black = List.copyOf(black);
    white = List.copyOf(white);
  }

  Levels forChannels(int c, String what) {
    if (black.size() != c || white.size() != c) {
      throw Unsuited.of(
          "baseline: %s needs to know black and white of %d channels, the preprocessing tells %d;"
              + " use zero, mean, blur or a FILE.npy",
          what, c, black.size());
    }
    return this;
  }
}
