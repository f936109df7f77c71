package candela.device;

import java.nio.file.Path;

/**
 * Where what can be made again is kept for the user: {@code candela} in XDG_CACHE_HOME, else in
 * {@code ~/.cache}.
 */
public final class UserCache {
  private UserCache() {}

  /** Need not exist. */
  public static Path folder() {
    String set = System.getenv("XDG_CACHE_HOME");
    Path base =
        set == null || set.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(set);
    return base.resolve("candela");
  }
}
