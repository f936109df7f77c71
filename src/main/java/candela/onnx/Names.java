package candela.onnx;

/** Names out of a file, made fit for a message: short and without control characters. */
final class Names {
  private static final int LONGEST = 80;

  private Names() {}

  static String quote(String name) {
    return "'" + plain(name) + "'";
  }

  /** A domain of operators: empty for ONNX's own, which has two names. */
  static String domain(String name) {
    return name.equals("ai.onnx") ? "" : name;
  }

  static String plain(String name) {
    String cut = name.length() > LONGEST ? name.substring(0, LONGEST) + "…" : name;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
