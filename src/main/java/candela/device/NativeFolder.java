package candela.device;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The folder with the native libraries and oneDNN: property {@code candela.native}, else native/
 * beside the jar, else unpacked from the class path into the user's cache.
 */
final class NativeFolder {
  private static final String OURS = "/native/linux-x86_64/";
  private static final String ONEDNN = "/org/bytedeco/dnnl/linux-x86_64/";

  private NativeFolder() {}

  static Path find() {
    String set = System.getProperty("candela.native");
    if (set != null) {
      return Path.of(set);
    }
    try {
      var source = NativeFolder.class.getProtectionDomain().getCodeSource();
      Path beside = Path.of(source.getLocation().toURI()).resolveSibling("native");
      return Files.isDirectory(beside) ? beside : unpack(UserCache.folder());
    } catch (URISyntaxException e) {
      throw new CandelaException(
          "native libraries: Candela's jar does not tell where it is; set -Dcandela.native=FOLDER",
          e);
    } catch (IOException e) {
      throw CandelaException.of(
          "native libraries: cannot be unpacked into %s (%s); set -Dcandela.native=FOLDER",
          UserCache.folder(), e);
    }
  }

  /**
   * One folder per build, so that versions live side by side and a second start unpacks nothing.
   */
  static Path unpack(Path cache) throws IOException {
    byte[] cpu = read(OURS + "libcandela_cpu.so");
    if (cpu == null) {
      throw new CandelaException(
          "native libraries: not on the class path; build the jar with ./candela or mvn package");
    }
    Path folder = cache.resolve("native-" + name(cpu));
    put(folder, ONEDNN, "libdnnl.so.3");
    put(folder, ONEDNN, "libgomp.so.1");
    if (!Files.exists(folder.resolve("libdnnl.so.3"))) {
      throw new CandelaException(
          "native libraries: oneDNN is not on the class path; add org.bytedeco:dnnl, classifier"
              + " linux-x86_64");
    }
    put(folder, OURS, "libcandela_cuda.so");
    put(folder, OURS, "libcandela_cpu.so");
    return folder;
  }

  /** Another process sees the whole file or none. */
  private static void put(Path folder, String from, String name) throws IOException {
    Path to = folder.resolve(name);
    if (Files.exists(to)) {
      return;
    }
    try (InputStream in = NativeFolder.class.getResourceAsStream(from + name)) {
      if (in == null) {
        return;
      }
      Files.createDirectories(folder);
      Path part = Files.createTempFile(folder, name, ".part");
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      Files.move(part, to, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static byte[] read(String resource) throws IOException {
    try (InputStream in = NativeFolder.class.getResourceAsStream(resource)) {
      return in == null ? null : in.readAllBytes();
    }
  }

  private static String name(byte[] bytes) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
