package candela.config;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
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
    Matcher comment = COMMENT.matcher(source(type));
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

  private static String source(Class<?> type) {
    String file = type.getSimpleName() + ".java";
    try (InputStream in = type.getResourceAsStream(file)) {
      if (in == null) {
        throw CandelaException.of("%s: this build lacks it; build it again", file);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + e.getMessage(), e);
    }
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
