package candela.train;

import candela.image.StateFile;
import candela.tensor.CandelaException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a training run stands, as a file that is there in whole or not at all.
 *
 * @param run what identifies the run: the recipe's text and the hashes of the data and of the model
 *     that it starts from
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
  private static final String KIND = "candela checkpoint 3";

  void write(Path file) {
    StateFile.write(file, KIND, run, this::write);
  }

  private void write(DataOutputStream out) throws IOException {
    out.writeInt(epoch);
    out.writeInt(batch);
    out.writeLong(steps);
    out.writeInt(tally.seen());
    out.writeInt(tally.right());
    out.writeDouble(tally.loss());
    out.writeDouble(seconds);
    out.writeInt(arrays.size());
    for (var a : arrays.entrySet()) {
      StateFile.writeText(out, a.getKey());
      StateFile.writeFloats(out, a.getValue());
    }
  }

  /**
   * Reads a file.
   *
   * @param run what it must be of
   */
  static Checkpoint read(Path file, String run) {
    StateFile.Found<Checkpoint> found = StateFile.read(file, KIND, run, in -> read(in, run));
    if (found.fault() != null) {
      throw CandelaException.of(
          "%s: a checkpoint of this recipe and its data expected, %s; delete it or use another"
              + " --out",
          file, found.fault());
    }
    return found.content();
  }

  private static Checkpoint read(DataInputStream in, String run) throws IOException {
    int epoch = in.readInt();
    int batch = in.readInt();
    long steps = in.readLong();
    var tally = new Learner.Tally(in.readInt(), in.readInt(), in.readDouble());
    double seconds = in.readDouble();
    Map<String, float[]> arrays = new LinkedHashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      arrays.put(StateFile.readText(in), StateFile.readFloats(in));
    }
    return new Checkpoint(run, epoch, batch, steps, tally, seconds, arrays);
  }
}
