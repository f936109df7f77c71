package candela.cli;

import candela.image.Labels;
import candela.probe.Prediction;
import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How people read and write numbers of things, and the constants of enums. */
final class Words {
  private Words() {}

  /** "1 map", "2 maps". */
  static String counted(long n, String noun) {
    return n + " " + noun + (n == 1 ? "" : "s");
  }

  /** "tench 97.3 %": a class, and how likely an image is of it. */
  static String likely(int target, Labels labels, Prediction said) {
    return String.format(
        Locale.ROOT, "%s %.1f %%", labels.brief(target), 100 * said.probability(target));
  }

  /** A constant as options and tables have it. */
  static String of(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** A name as lists have it, of one that a user wrote: with - or _, in letters of any case. */
  static String listed(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The constant that an option's text names. */
  static <E extends Enum<E>> E choice(String option, String text, E[] all) {
    return CandelaException.at(option, () -> choice(text, all));
  }

  /** The constant that a text names. */
  static <E extends Enum<E>> E choice(String text, E[] all) {
    for (E e : all) {
      if (of(e).equals(text.toLowerCase(Locale.ROOT))) {
        return e;
      }
    }
    List<String> words = Arrays.stream(all).map(Words::of).toList();
    throw CandelaException.of("one of %s expected, got '%s'", String.join(", ", words), text);
  }
}
