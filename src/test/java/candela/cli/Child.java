package candela.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Candela as a process of its own; what it says goes to a file of this folder. */
record Child(Path folder) {
  /** The command line with these arguments. */
  List<String> command(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + folder,
                "-Dcandela.native=" + System.getProperty("candela.native"),
                "-cp",
                System.getProperty("java.class.path"),
                "candela.cli.Main"));
    command.addAll(List.of(arguments));
    return command;
  }

  Process start(ProcessBuilder builder) throws IOException {
    return builder
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("child.txt").toFile())
        .start();
  }

  String said() throws IOException {
    return Files.readString(folder.resolve("child.txt"));
  }
}
