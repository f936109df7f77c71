package candela.config;

/** What is wrong with a text that should be a whole number from least to most. */
public final class Whole {
  private Whole() {}

  /** What is expected instead, null where the text is one. Digits that do not fit are a number. */
  public static String fault(String text, long least, long most) {
    String range = least + " to " + most;
    try {
      long v = Long.parseLong(text);
      return v >= least && v <= most ? null : range;
    } catch (NumberFormatException e) {
      return text.matches("[+-]?[0-9]+") ? range : "a whole number";
    }
  }
}
