package candela.study;

import candela.tensor.CandelaException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * What a parameter is set to in turn: {@code [52,53*,54]}, {@code [0..4]}, {@code [5..53/12]}.
 *
 * @param marked index of the value with a *, -1 for none
 */
record Values(List<String> texts, int marked) {
  private static final int MOST = 10_000;

  /**
   * @param where how messages begin
   */
  static Values parse(String where, String list) {
    List<String> texts = new ArrayList<>();
    int marked = -1;
    String inside = list.substring(1, list.length() - 1);
    for (String item : inside.split(",", -1)) {
      String text = item.strip();
      boolean mark = text.endsWith("*");
      text = mark ? text.substring(0, text.length() - 1).strip() : text;
      if (text.isEmpty()) {
        throw CandelaException.of("%s: values between commas expected, got '%s'", where, list);
      }
      if (mark && (marked >= 0 || isRange(text))) {
        throw CandelaException.of("%s: one value with * expected, got '%s'", where, list);
      }
      if (mark) {
        marked = texts.size();
      }
      texts.addAll(isRange(text) ? range(where, text) : List.of(text));
    }
    return new Values(List.copyOf(texts), marked);
  }

  /** Dots of a path are none. */
  private static boolean isRange(String text) {
    return text.contains("..") && !text.contains("../");
  }

  /** Of FROM..TO or FROM..TO/STEP; decimal numbers are added exactly. */
  private static List<String> range(String where, String text) {
    try {
      int dots = text.indexOf("..");
      int slash = text.indexOf('/');
      BigDecimal from = new BigDecimal(text.substring(0, dots).strip());
      String end = text.substring(dots + 2, slash < 0 ? text.length() : slash);
      BigDecimal to = new BigDecimal(end.strip());
      BigDecimal step =
          slash < 0 ? BigDecimal.ONE : new BigDecimal(text.substring(slash + 1).strip());
      if (step.signum() > 0 && to.compareTo(from) >= 0) {
        List<String> values = new ArrayList<>();
        for (BigDecimal v = from; v.compareTo(to) <= 0 && values.size() <= MOST; v = v.add(step)) {
          values.add(v.toPlainString());
        }
        if (values.size() <= MOST) {
          return values;
        }
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw CandelaException.of(
        "%s: a range FROM..TO or FROM..TO/STEP of at most %d values expected, got '%s'",
        where, MOST, text);
  }
}
