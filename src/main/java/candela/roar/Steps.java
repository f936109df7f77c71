package candela.roar;

import candela.image.StateFile;
import candela.tensor.CandelaException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Steps of the first pictures under one method ({@link Removal}), as a file that is there in whole
 * or not at all.
 *
 * @param run what identifies the run
 * @param fractions that the steps are of
 * @param pictures one array a picture, a byte a pixel
 */
record Steps(String run, Fractions fractions, List<byte[]> pictures) {
  private static final String KIND = "candela steps 3";

  void write(Path file) {
    StateFile.write(file, KIND, run, this::write);
  }

  private void write(DataOutputStream out) throws IOException {
    StateFile.writeText(out, fractions.values().toString());
    out.writeInt(pictures.size());
    for (byte[] picture : pictures) {
      out.write(picture);
    }
  }

  /**
   * What a file has; nothing where there is none, or it is of other fractions.
   *
   * @param run what it must be of
   * @param pixels of a picture
   */
  static Steps read(Path file, String run, Fractions fractions, int pixels) {
    if (!Files.exists(file)) {
      return new Steps(run, fractions, new ArrayList<>());
    }
    StateFile.Found<List<byte[]>> found =
        StateFile.read(file, KIND, run, in -> read(in, fractions, pixels));
    if (found.fault() != null) {
      throw CandelaException.of(
          "%s: steps of this run expected, %s; delete it or use another --out",
          file, found.fault());
    }
    return new Steps(run, fractions, found.content());
  }

  private static List<byte[]> read(DataInputStream in, Fractions fractions, int pixels)
      throws IOException {
    List<byte[]> pictures = new ArrayList<>();
    boolean same = StateFile.readText(in).equals(fractions.values().toString());
    for (int left = same ? in.readInt() : 0; left > 0; left--) {
      byte[] picture = new byte[pixels];
      in.readFully(picture);
      pictures.add(picture);
    }
    return pictures;
  }
}
