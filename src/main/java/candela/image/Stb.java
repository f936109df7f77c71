package candela.image;

import org.lwjgl.system.Configuration;

/** LWJGL made ready; whoever calls it asks first. */
final class Stb {
  static {
    // Its other memory goes through Unsafe, about which JDK 25 prints a warning.
    Configuration.MEMORY_BACKEND.set("ffm");
  }

  private Stb() {}

  static void ready() {
    // the static block is all there is to do
  }
}
