package candela.cli;

import candela.image.StateFile;
import candela.image.WholeFile;
import candela.sanity.Manipulation;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a manipulation stands, as a file that is there in whole or not at all: the next run of the
 * same command goes on from it. It goes when the work is done.
 */
final class ManipulateState {
  private static final String KIND = "candela manipulation 1";
  private static final long BETWEEN = 1_000_000_000L;

  private final Path file;
  private final String run;
  private long written = System.nanoTime();

  /**
   * What was done before.
   *
   * @param losses lines of the table, one an iteration
   */
  record Begun(Manipulation.State state, List<String> losses) {}

  /**
   * @param run all that decides on the bits
   */
  ManipulateState(Path folder, String run) {
    file = folder.resolve("manipulation.state");
    this.run = run;
  }

  /** Null where nothing was begun, or something else, which is said. */
  Begun read() {
    if (!Files.isRegularFile(file)) {
      return null;
    }
    StateFile.Found<Begun> found = StateFile.read(file, KIND, run, ManipulateState::read);
    if (found.fault() != null) {
      System.err.printf(
          "candela: %s: the same images, settings, model, device and version expected, %s; begins"
              + " anew%n",
          file, found.fault());
    }
    return found.content();
  }

  private static Begun read(DataInputStream in) throws IOException {
    int done = in.readInt();
    List<String> losses = new ArrayList<>();
    for (int i = 0; i < done; i++) {
      losses.add(StateFile.readText(in));
    }
    float[] image = StateFile.readFloats(in);
    double[] mean = StateFile.readDoubles(in);
    double[] square = StateFile.readDoubles(in);
    return new Begun(new Manipulation.State(done, image, mean, square), losses);
  }

  /** Writes it once a second. */
  void keep(Manipulation.State state, List<String> losses) {
    if (System.nanoTime() - written > BETWEEN) {
      write(state, losses);
      written = System.nanoTime();
    }
  }

  void write(Manipulation.State state, List<String> losses) {
    StateFile.write(
        file,
        KIND,
        run,
        out -> {
          out.writeInt(state.done());
          for (String line : losses) {
            StateFile.writeText(out, line);
          }
          StateFile.writeFloats(out, state.image());
          StateFile.writeDoubles(out, state.mean());
          StateFile.writeDoubles(out, state.square());
        });
  }

  /** The work is done. */
  void delete() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      System.err.printf("candela: %s: cannot be deleted: %s%n", file, WholeFile.reason(e));
    }
  }
}
