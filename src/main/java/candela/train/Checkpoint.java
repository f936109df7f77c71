package candela.train;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a training run stands, as a file that is there in whole or not at all.
 *
 * @param run what identifies the run: the recipe's text and the data
 * @param epoch the epoch that goes on
 * @param batch its next batch
 * @param steps steps done in all
 * @param tally of the epoch so far
 * @param seconds of work so far
 * @param arrays parameters and the optimiser's arrays
 */
record Checkpoint(
    String run,
    int epoch,
    int batch,
    long steps,
    Learner.Tally tally,
    double seconds,
    Map<String, float[]> arrays) {
  private static final String MAGIC = "candela checkpoint 1";

  void write(Path file) {
    WholeFile.write(file, part -> Files.write(part, bytes()));
  }

  private byte[] bytes() throws IOException {
    var bytes = new ByteArrayOutputStream();
    var out = new DataOutputStream(bytes);
    out.writeUTF(MAGIC);
    out.writeUTF(run);
    out.writeInt(epoch);
    out.writeInt(batch);
    out.writeLong(steps);
    out.writeInt(tally.seen());
    out.writeInt(tally.right());
    out.writeDouble(tally.loss());
    out.writeDouble(seconds);
    out.writeInt(arrays.size());
    for (var a : arrays.entrySet()) {
      out.writeUTF(a.getKey());
      out.writeInt(a.getValue().length);
      ByteBuffer raw = ByteBuffer.allocate(4 * a.getValue().length);
      raw.asFloatBuffer().put(a.getValue());
      out.write(raw.array());
    }
    out.write(digest(bytes.toByteArray()));
    return bytes.toByteArray();
  }

  /**
   * Reads a file.
   *
   * @param run what it must be of
   */
  static Checkpoint read(Path file, String run) {
    try {
      byte[] all = Files.readAllBytes(file);
      int body = Math.max(0, all.length - 32);
      byte[] content = Arrays.copyOf(all, body);
      if (!Arrays.equals(digest(content), Arrays.copyOfRange(all, body, all.length))) {
        throw CandelaException.of(
            "%s: a whole checkpoint expected, the file is damaged; delete it to begin anew", file);
      }
      var in = new DataInputStream(new ByteArrayInputStream(content));
      if (!in.readUTF().equals(MAGIC) || !in.readUTF().equals(run)) {
        throw CandelaException.of(
            "%s: a checkpoint of this recipe and its data expected, it is of another; delete it or"
                + " use another --out",
            file);
      }
      return read(in, run);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }

  private static Checkpoint read(DataInputStream in, String run) throws IOException {
    int epoch = in.readInt();
    int batch = in.readInt();
    long steps = in.readLong();
    var tally = new Learner.Tally(in.readInt(), in.readInt(), in.readDouble());
    double seconds = in.readDouble();
    Map<String, float[]> arrays = new LinkedHashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      String name = in.readUTF();
      float[] values = new float[in.readInt()];
      ByteBuffer.wrap(in.readNBytes(4 * values.length)).asFloatBuffer().get(values);
      arrays.put(name, values);
    }
    return new Checkpoint(run, epoch, batch, steps, tally, seconds, arrays);
  }

  private static byte[] digest(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
