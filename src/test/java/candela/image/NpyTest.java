package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.tensor.CandelaException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyTest {
  @TempDir Path folder;

  @Test
  void valuesAndShapeSurvive() throws IOException {
    for (int[] shape : new int[][] {{}, {1}, {0, 3}, {3, 7, 33}, {2, 1, 1, 2, 1, 3}}) {
      float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
      for (int i = 0; i < values.length; i++) {
        values[i] = i == 0 ? Float.NaN : i == 1 ? Float.NEGATIVE_INFINITY : 0.1f * i;
      }
      Path file = folder.resolve("a.npy");
      new Npy(shape, values).write(file);
      Npy read = Npy.read(file);
      assertThat(read.shape()).isEqualTo(shape);
      assertThat(read.values()).isEqualTo(values);
      assertThat((Files.size(file) - 4L * values.length) % 64).as("header ends at 64").isZero();
    }
  }

  @Test
  void numpysFilesAreRead() {
    Npy npy = Npy.read(Shared.path("reference/squeezenet1.1/0039-input.npy"));
    assertThat(npy.values()).hasSize(3 * 224 * 224);
    assertThat(npy.shape()).endsWith(3, 224, 224);
  }

  /** The header and the bytes that numpy.save writes of [[1, 0, 2], [3, 1, 0]]. */
  @Test
  void otherTypesAndOrdersAreRead() throws IOException {
    String[] bytes = {
      "<f2 003c 0000 0040 0042 003c 0000",
      "<f4 0000803f 00000000 00000040 00004040 0000803f 00000000",
      "<f8 000000000000f03f 0000000000000000 0000000000000040 0000000000000840 000000000000f03f"
          + " 0000000000000000",
      "|i1 01 00 02 03 01 00",
      "<i2 0100 0000 0200 0300 0100 0000",
      "<i4 01000000 00000000 02000000 03000000 01000000 00000000",
      "<i8 0100000000000000 0000000000000000 0200000000000000 0300000000000000 0100000000000000"
          + " 0000000000000000",
      "|u1 01 00 02 03 01 00",
      "|b1 01 00 02 03 01 00",
      "<u2 0100 0000 0200 0300 0100 0000",
      "<u4 01000000 00000000 02000000 03000000 01000000 00000000",
      "<u8 0100000000000000 0000000000000000 0200000000000000 0300000000000000 0100000000000000"
          + " 0000000000000000"
    };
    for (String b : bytes) {
      assertThat(read(b, false).values()).as(b).containsExactly(1, 0, 2, 3, 1, 0);
      // the same bytes, the first index fastest: [[1, 2, 1], [0, 3, 0]]
      assertThat(read(b, true).values()).as(b).containsExactly(1, 2, 1, 0, 3, 0);
    }
    assertThat(read("|i1 ff 80 00 00 00 00", false).values()).startsWith(-1, -128);
    assertThat(read("|u1 ff 80 00 00 00 00", false).values()).startsWith(255, 128);
    assertThat(read("<i2 ffff 0000 0000 0000 0000 0000", false).values()).startsWith(-1);
    assertThat(read("<u2 ffff 0000 0000 0000 0000 0000", false).values()).startsWith(65535);
    assertThat(read("<u4 ffffffff" + " 00000000".repeat(5), false).values()).startsWith(0x1p32f);
  }

  @Test
  void whatIsBeyondFloat32IsRefused() throws IOException {
    String zeros = " 0000000000000000".repeat(5);
    assertThat(read("<f8 000000000000f07f" + zeros, false).values())
        .startsWith(Float.POSITIVE_INFINITY);
    assertThatThrownBy(() -> read("<f8 9c7500883ce4377e" + zeros, false))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            folder.resolve("t.npy")
                + ": numbers of float32 expected, got 1.0E300, which is beyond its largest,"
                + " 3.4028235E38; divide all by one number first");
  }

  @Test
  void bigEndianFilesAreToldWhatToDo() {
    assertThatThrownBy(() -> read(">f4" + " 3f800000".repeat(6), false))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith(folder.resolve("t.npy") + ": little-endian floats, integers")
        .hasMessageEndingWith("; save it as a.astype('<f4')");
    assertThatThrownBy(() -> read("<c8" + " 0000803f 00000000".repeat(6), false))
        .hasMessageEndingWith("}");
  }

  private Npy read(String typeAndBytes, boolean fortran) throws IOException {
    String[] parts = typeAndBytes.split(" ", 2);
    String header =
        "{'descr': '%s', 'fortran_order': %s, 'shape': (2, 3), }\n"
            .formatted(parts[0], fortran ? "True" : "False");
    var b = new ByteArrayOutputStream();
    b.write(
        ("\u0093NUMPY\1\0" + (char) header.length() + "\0" + header)
            .getBytes(StandardCharsets.ISO_8859_1));
    b.write(HexFormat.of().parseHex(parts[1].replace(" ", "")));
    Path file = folder.resolve("t.npy");
    Files.write(file, b.toByteArray());
    return Npy.read(file);
  }

  @Test
  void anythingElseIsRefusedInASentence() throws IOException {
    Path file = folder.resolve("a.npy");
    new Npy(new int[] {2}, new float[] {1, 2}).write(file);
    byte[] good = Files.readAllBytes(file);
    String text = new String(good, StandardCharsets.ISO_8859_1);
    String[] bad = {
      "",
      "PK and so on",
      text.substring(0, 30),
      text.substring(0, text.length() - 1),
      text + "x",
      text.replace("<f4", "<f8"),
      text.replace("<f4", ">f4"),
      text.replace("<f4", "<c8"),
      text.replace("(2,)", "(3,)"),
      text.replace("(2,), ", "(99999999999,)").replace("}       ", "}"),
      "\u0093NUMPY\2\0" + text.substring(8)
    };
    for (String s : bad) {
      Files.write(file, s.getBytes(StandardCharsets.ISO_8859_1));
      assertThatThrownBy(() -> Npy.read(file))
          .as(s)
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith(file.toString());
    }
  }

  @Test
  void aShapeThatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> new Npy(new int[] {2, 3}, new float[5]))
        .hasMessage("npy: [2, 3] needs 6 values, got 5");
  }
}
