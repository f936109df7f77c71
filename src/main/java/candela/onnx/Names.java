package candela.onnx;

/** Names out of a file, made fit for a message: short and without control characters. */
final class Names {
  private static final int LONGEST = 80;

  private Names() {}

  static String quote(String name) {
    return "'" + plain(name) + "'";
  }

  static String plain(String name) {
    String cut = name.length() > LONGEST ? name.substring(0, LONGEST) + "…" : name;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
