package candela.tensor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Files that come with the classes. */
public final class Resource {
  private Resource() {}

  /**
   * @param beside class beside which a file lies whose name begins with no /
   * @throws CandelaException where the build lacks it
   */
  public static byte[] bytes(Class<?> beside, String name) {
    try (InputStream in = beside.getResourceAsStream(name)) {
      if (in == null) {
        throw CandelaException.of(
            "%s: this build of Candela lacks it; build it again with ./candela", name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new CandelaException(name + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Text in UTF-8. */
  public static String text(Class<?> beside, String name) {
    return new String(bytes(beside, name), StandardCharsets.UTF_8);
  }
}
