package candela.config;

import candela.tensor.CandelaException;
import candela.tensor.Resource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the Javadoc of a record says that users choose by name, a method or a metric, as plain text;
 * the sources travel with the classes.
 *
 * @param shows what it shows, the first paragraph
 * @param sections Definition, Shapes, Parameters, Cost, Source, Differences, in this order; those
 *     there are
 */
public record About(String shows, Map<String, String> sections) {
  private static final Pattern COMMENT =
      Pattern.compile(
          "/\\*\\*((?:(?!\\*/).)*)\\*/\\s*(?:@\\S+\\s+)*public record ", Pattern.DOTALL);
  private static final Pattern SECTION = Pattern.compile("<b>(\\w+):</b>");

  /** Of a record's class. */
  public static About of(Class<?> type) {
    Matcher comment =
        COMMENT.matcher(
            Resource.text(type, "/javadoc/" + type.getName().replace('.', '/') + ".java"));
    if (!comment.find()) {
      throw CandelaException.of(
          "%s: its source has no comment; build Candela again", type.getSimpleName());
    }
    String text = comment.group(1).replaceAll("(?m)^\\s*\\* ?", "");
    String[] paragraphs = text.split("<p>");
    Map<String, String> sections = new LinkedHashMap<>();
    for (String p : paragraphs) {
      Matcher title = SECTION.matcher(p);
      if (title.find()) {
        sections.put(title.group(1), plain(p.substring(title.end())));
      }
    }
    return new About(plain(paragraphs[0]), sections);
  }

  private static String plain(String text) {
    return text.replaceAll("\\{@(?:link|code)\\s+([^}]*)\\}", "$1")
        .replaceAll("<[^>]*>", "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replaceAll("\\s+", " ")
        .strip();
  }
}
