package candela.roar;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;
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
  private static final String MAGIC = "candela steps 2";

  void write(Path file) {
    WholeFile.write(
        file,
        part -> {
          try (var out =
              new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(part)))) {
            out.writeUTF(MAGIC);
            out.writeUTF(run);
            out.writeUTF(fractions.values().toString());
            out.writeInt(pictures.size());
            for (byte[] picture : pictures) {
              out.write(picture);
            }
          }
        });
  }

  /**
   * What a file has; nothing where there is none, or it is of other fractions.
   *
   * @param run what it must be of
   * @param pixels of a picture
   */
  static Steps read(Path file, String run, Fractions fractions, int pixels) {
    List<byte[]> pictures = new ArrayList<>();
    if (Files.exists(file)) {
      try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
        if (!in.readUTF().equals(MAGIC) || !in.readUTF().equals(run)) {
          throw CandelaException.of(
              "%s: steps of this run expected, they are of another; delete the file or use another"
                  + " --out",
              file);
        }
        boolean same = in.readUTF().equals(fractions.values().toString());
        for (int left = same ? in.readInt() : 0; left > 0; left--) {
          byte[] picture = new byte[pixels];
          in.readFully(picture);
          pictures.add(picture);
        }
      } catch (EOFException | UTFDataFormatException e) {
        throw new CandelaException(
            file + ": steps of this run expected, the file is damaged; delete it", e);
      } catch (IOException e) {
        throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
      }
    }
    return new Steps(run, fractions, pictures);
  }
}
