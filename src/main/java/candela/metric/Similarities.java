package candela.metric;

import candela.config.Parameters;
import candela.config.Spec;
import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** All similarities, by name, and how they are read from text. */
public final class Similarities {
  /** One line a similarity, alphabetical. */
  private enum Entry {
    COSINE(new Cosine()),
    HOG(new HogPearson()),
    PEARSON(new Pearson()),
    SPEARMAN(new Spearman()),
    SSIM(new Ssim(0)),
    TOP_K(new TopK());

    final Similarity defaults;

    Entry(Similarity defaults) {
      this.defaults = defaults;
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private Similarities() {}

  public static List<String> names() {
    return Arrays.stream(Entry.values()).map(Entry::text).toList();
  }

  /** The similarity's name, as {@link #parse} takes it. */
  public static String name(Similarity similarity) {
    for (Entry e : Entry.values()) {
      if (e.defaults.getClass() == similarity.getClass()) {
        return e.text();
      }
    }
    throw new IllegalArgumentException(similarity.getClass() + " is not listed");
  }

  /**
   * A similarity written as NAME or NAME:key=value,key=value; parameters not given have their
   * defaults.
   *
   * @param text names as listed, with - or _
   * @throws CandelaException when name, key or value is unknown
   */
  public static Similarity parse(String text) {
    Spec spec = Spec.parse(text);
    for (Entry e : Entry.values()) {
      if (e.name().equalsIgnoreCase(spec.name().replace('-', '_'))) {
        Record defaults = (Record) e.defaults;
        Similarity similarity = (Similarity) Parameters.read(spec, defaults, Parameters::value);
        spec.finish();
        return similarity;
      }
    }
    throw CandelaException.of(
        "similarity: unknown '%s'; known are %s", spec.name(), String.join(", ", names()));
  }

  /**
   * Compares two empty maps, which some similarities want larger.
   *
   * @throws CandelaException when it does
   */
  public static void check(Similarity similarity, int h, int w) {
    similarity.of(
        new Maps(h, w, List.of(new float[h * w], new float[h * w])), List.of(new Pair(0, 1)));
  }

  /** Those of a list for which maps of this size are large enough. */
  public static List<String> fitting(List<String> similarities, int h, int w) {
    return similarities.stream().filter(s -> fits(s, h, w)).toList();
  }

  private static boolean fits(String similarity, int h, int w) {
    try {
      check(parse(similarity), h, w);
      return true;
    } catch (CandelaException e) {
      return false;
    }
  }

  /** Parameters that can be written as text: key=value, key=value. */
  public static String text(Similarity similarity) {
    return Parameters.text((Record) similarity);
  }
}
