package candela.rule;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.graph.Op;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** All operators, found as class files. */
final class OperatorClasses {
  private OperatorClasses() {}

  static List<Class<?>> all() {
    try {
      Path root = Path.of(Op.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      assumeTrue(Files.isDirectory(root), "skipped: operators are listed from a folder of classes");
      List<Class<?>> classes = new ArrayList<>();
      try (Stream<Path> files = Files.list(root.resolve("candela/graph/op"))) {
        for (Path f : files.sorted().toList()) {
          String name = f.getFileName().toString().replace(".class", "");
          if (name.contains("$") || name.equals("package-info")) {
            continue;
          }
          Class<?> c = Class.forName("candela.graph.op." + name);
          if (Op.class.isAssignableFrom(c) && !c.isInterface()) {
            classes.add(c);
          }
        }
      }
      return classes;
    } catch (IOException | URISyntaxException | ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }
}
