package candela.cli;

import candela.image.WholeFile;
import candela.sanity.Manipulation;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a manipulation stands, as a file that is there in whole or not at all: the next run of the
 * same command goes on from it. It goes when the work is done.
 */
final class ManipulateState {
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
    try {
      byte[] all = Files.readAllBytes(file);
      var in = new DataInputStream(new ByteArrayInputStream(all));
      String sum = in.readUTF();
      byte[] content = in.readAllBytes();
      if (WholeFile.sha256(content).equals(sum)) {
        Begun begun = read(new DataInputStream(new ByteArrayInputStream(content)));
        if (begun != null) {
          return begun;
        }
      }
    } catch (IOException e) {
      // as damaged as one with another sum
    }
    System.err.printf(
        "candela: %s: of other images, settings, model, device or version, or damaged; begins"
            + " anew%n",
        file);
    return null;
  }

  /** Null where it is of another run. */
  private Begun read(DataInputStream in) throws IOException {
    if (!in.readUTF().equals(run)) {
      return null;
    }
    int done = in.readInt();
    List<String> losses = new ArrayList<>();
    for (int i = 0; i < done; i++) {
      losses.add(in.readUTF());
    }
    int n = in.readInt();
    float[] image = new float[n];
    ByteBuffer.wrap(in.readNBytes(Float.BYTES * n)).asFloatBuffer().get(image);
    double[] mean = new double[n];
    ByteBuffer.wrap(in.readNBytes(Double.BYTES * n)).asDoubleBuffer().get(mean);
    double[] square = new double[n];
    ByteBuffer.wrap(in.readNBytes(Double.BYTES * n)).asDoubleBuffer().get(square);
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
    WholeFile.write(file, part -> Files.write(part, bytes(state, losses)));
  }

  private byte[] bytes(Manipulation.State state, List<String> losses) throws IOException {
    var content = new ByteArrayOutputStream();
    var out = new DataOutputStream(content);
    out.writeUTF(run);
    out.writeInt(state.done());
    for (String line : losses) {
      out.writeUTF(line);
    }
    int n = state.image().length;
    out.writeInt(n);
    ByteBuffer image = ByteBuffer.allocate(Float.BYTES * n);
    image.asFloatBuffer().put(state.image());
    out.write(image.array());
    for (double[] values : List.of(state.mean(), state.square())) {
      ByteBuffer raw = ByteBuffer.allocate(Double.BYTES * n);
      raw.asDoubleBuffer().put(values);
      out.write(raw.array());
    }
    var all = new ByteArrayOutputStream();
    new DataOutputStream(all).writeUTF(WholeFile.sha256(content.toByteArray()));
    content.writeTo(all);
    return all.toByteArray();
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
