package candela.metric;

import candela.config.Parameters;
import candela.config.Spec;
import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** All similarities, by name, and how they are read from text. */
public final class Similarities {
  /** One line a similarity, alphabetical. */
  private enum Entry {
    COSINE(Cosine.class, s -> new Cosine()),
    HOG(HogPearson.class, Similarities::hog),
    PEARSON(Pearson.class, s -> new Pearson()),
    SPEARMAN(Spearman.class, s -> new Spearman()),
    SSIM(Ssim.class, Similarities::ssim),
    TOP_K(TopK.class, s -> new TopK(s.integer("k", new TopK().k())));

    final Class<? extends Similarity> type;
    final Function<Spec, Similarity> read;

    Entry(Class<? extends Similarity> type, Function<Spec, Similarity> read) {
      this.type = type;
      this.read = read;
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
      if (e.type == similarity.getClass()) {
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
        Similarity similarity = e.read.apply(spec);
        spec.finish();
        return similarity;
      }
    }
    throw CandelaException.of(
        "similarity: unknown '%s'; known are %s", spec.name(), String.join(", ", names()));
  }

  /** Parameters that can be written as text: key=value, key=value. */
  public static String text(Similarity similarity) {
    return Parameters.text((Record) similarity);
  }

  /** Parameters with their values, in the order of the record; for provenance. */
  public static Map<String, Object> parameters(Similarity similarity) {
    return Parameters.of((Record) similarity);
  }

  private static Similarity hog(Spec s) {
    var d = new HogPearson();
    return new HogPearson(
        s.integer("cell", d.cell()), s.integer("block", d.block()), s.integer("bins", d.bins()));
  }

  private static Similarity ssim(Spec s) {
    String weights = s.choice("weights", "uniform", List.of("uniform", "gaussian"));
    return new Ssim(
        Ssim.Weights.valueOf(weights.toUpperCase(Locale.ROOT)),
        s.integer("window", 5),
        s.number("dataRange", 2));
  }
}
