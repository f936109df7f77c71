package candela.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.image.Image;
import candela.image.Preprocess;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourcesTest {
  @TempDir Path folder;

  private Dataset[] read(String spec) {
    return Sources.read(spec, folder);
  }

  private void picture(String name, int side, int level) {
    byte[] rgb = new byte[3 * side * side];
    Arrays.fill(rgb, (byte) level);
    new Image(side, side, rgb).writePng(folder.resolve(name));
  }

  private static void refused(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call).isInstanceOf(CandelaException.class).message().contains(parts);
  }

  @Test
  void foldersByClassAndTheSameZipped() throws IOException {
    picture("set/train/cat/1.png", 4, 10);
    picture("set/train/dog/1.png", 4, 20);
    picture("set/train/dog/2.png", 4, 30);
    picture("set/test/dog/1.png", 4, 40);
    Files.writeString(folder.resolve("set/train/dog/notes.txt"), "no picture");
    zip(folder.resolve("set"), folder.resolve("set.zip"));
    for (String path : new String[] {"set", "set.zip"}) {
      Dataset[] sets = read("images:path=" + path);
      assertThat(sets).hasSize(2);
      assertThat(sets[0].classes()).containsExactly("cat", "dog");
      assertThat(sets[0].labels()).containsExactly(0, 1, 1);
      assertThat(sets[0].image()).isEqualTo(Shape.of(3, 4, 4));
      assertThat(sets[0].pixels().get(2)[5]).isEqualTo((byte) 30);
      assertThat(sets[1].labels()).containsExactly(1);
    }
    assertThat(read("images:path=set/train,size=8")[0].image()).isEqualTo(Shape.of(3, 8, 8));
    Dataset grey = read("images:path=set/train,grey=true")[0];
    assertThat(grey.image()).isEqualTo(Shape.of(1, 4, 4));
    assertThat(grey.pixels().get(2)).hasSize(16).containsOnly(30);
  }

  /** 76 of 255 is what PIL gives for red, 150 for green, 29 for blue. */
  @Test
  void greyIsWhatPreprocessingGives() {
    byte[] rgb = {-1, 0, 0, 0, -1, 0, 0, 0, -1, 10, 20, 30};
    new Image(2, 2, rgb).writePng(folder.resolve("set/a/1.png"));
    new Image(2, 2, rgb).writePng(folder.resolve("set/b/1.png"));
    Dataset set = read("images:path=set,grey=true")[0];
    assertThat(set.pixels().getFirst()).containsExactly(76, 150, 29, 18);
    assertThat(set.input(0))
        .containsExactly(Preprocess.of("unit").apply(new Image(2, 2, rgb), 1, 2, 2));
  }

  /** Thumbnails and checkpoints that programs hide there are no class. */
  @Test
  void hiddenFoldersAreNoClasses() throws IOException {
    picture("set/cat/1.png", 4, 10);
    picture("set/dog/1.png", 4, 20);
    picture("set/.thumbnails/1.png", 4, 30);
    assertThat(read("images:path=set")[0].classes()).containsExactly("cat", "dog");
  }

  private static void zip(Path from, Path to) throws IOException {
    try (var zip = new ZipOutputStream(Files.newOutputStream(to));
        var files = Files.walk(from)) {
      for (Path f : files.filter(Files::isRegularFile).sorted().toList()) {
        zip.putNextEntry(new ZipEntry(from.relativize(f).toString()));
        zip.write(Files.readAllBytes(f));
        zip.closeEntry();
      }
    }
  }

  @Test
  void badFoldersAreNamed() throws IOException {
    refused(() -> read("images:path=nowhere"), "nowhere", "a folder or a zip archive expected");
    Files.createDirectories(folder.resolve("empty"));
    refused(() -> read("images:path=empty"), "folders of pictures by class expected");
    Files.writeString(folder.resolve("text.zip"), "text");
    refused(() -> read("images:path=text.zip"), "a folder or a zip archive expected");
    picture("mixed/a/1.png", 4, 1);
    picture("mixed/b/1.png", 5, 1);
    refused(() -> read("images:path=mixed"), "one size expected, 4x4", "1.png is 5x5; give size=");
    picture("broken/a/1.png", 4, 1);
    Files.createDirectories(folder.resolve("broken/b"));
    Files.writeString(folder.resolve("broken/b/2.jpg"), "no jpeg");
    refused(() -> read("images:path=broken"), "2.jpg", "image expected");
    picture("one/a/1.png", 4, 1);
    refused(
        () -> read("images:path=one")[0].checked("r"), "r: pictures of two classes", "only 'a'");
    picture("other/train/a/1.png", 4, 1);
    picture("other/test/c/1.png", 4, 1);
    refused(() -> read("images:path=other"), "'c' is not among them");
    refused(() -> read("images:size=4"), "images: parameter 'path' expected, it is missing");
    refused(() -> read("images:path=one,colour=2"), "unknown parameter 'colour'");
    refused(() -> read("tfrecord"), "images, idx, csv or synthetic expected, got 'tfrecord'");
  }

  private Path bytes(String name, boolean packed, int... values) throws IOException {
    Path file = folder.resolve(name);
    try (OutputStream raw = Files.newOutputStream(file);
        OutputStream out = packed ? new GZIPOutputStream(raw) : raw) {
      for (int v : values) {
        out.write(v);
      }
    }
    return file;
  }

  @Test
  void idxPackedOrNot() throws IOException {
    bytes("x", true, 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 7, 250);
    bytes("y", false, 0, 0, 8, 1, 0, 0, 0, 2, 1, 0);
    Dataset set = read("idx:images=x,labels=y")[0];
    assertThat(set.image()).isEqualTo(Shape.of(1, 1, 2));
    assertThat(set.labels()).containsExactly(1, 0);
    assertThat(set.pixels().get(1)).containsExactly(7, 250);
    refused(() -> read("idx:images=y,labels=y"), "an IDX file of bytes in 3 dimensions expected");
    bytes("short", false, 0, 0, 8, 1, 0, 0, 0, 3, 1, 0);
    refused(() -> read("idx:images=x,labels=short"), "1 dimension expected", "a part of one");
    bytes("three", false, 0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 1);
    refused(() -> read("idx:images=x,labels=three"), "2 labels expected", "got 3");
    bytes("wrong", false, 0, 0, 8, 1, 0, 0, 0, 2, 1, 12);
    refused(() -> read("idx:images=x,labels=wrong"), "labels 0 to 9 expected, entry 1 is 12");
    byte[] whole = Files.readAllBytes(folder.resolve("x"));
    Files.write(folder.resolve("cut"), Arrays.copyOf(whole, whole.length - 9));
    refused(() -> read("idx:images=cut,labels=y"), "cut", "a whole gzip file expected");
  }

  @Test
  void csvWithAndWithoutNames() throws IOException {
    Files.writeString(folder.resolve("a.csv"), "label,a,b,c\n1,0,128,255\n0,1,2,3\n");
    Dataset set = read("csv:path=a.csv,height=1,width=1")[0];
    assertThat(set.labels()).containsExactly(1, 0);
    assertThat(set.pixels().get(0)).containsExactly(0, 128, 255);
    assertThat(set.picture(0).at(0, 0, 2)).isEqualTo(255);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1,2,3 | bad.csv:1: a label and 3 levels expected, got 3 entries",
        "10,2,3,4 | bad.csv:1: entry 1: a label of 0 to 9 expected, got '10'",
        "1,2,x,4 | bad.csv:1: entry 3: a level of 0 to 255 expected, got 'x'",
        "1,2,3,256 | bad.csv:1: entry 4: a level of 0 to 255 expected, got '256'",
      })
  void badLinesAreNamed(String line, String message) throws IOException {
    Files.writeString(folder.resolve("bad.csv"), line);
    refused(() -> read("csv:path=bad.csv,height=1,width=1"), message);
  }

  @Test
  void sharedSets() {
    Path csv = Shared.path("datasets/cifar10-lossless-100.csv").toAbsolutePath();
    Dataset cifar = read("csv:path=" + csv)[0];
    assertThat(cifar.size()).isEqualTo(100);
    // The first test picture of CIFAR-10 is a cat, the second a ship.
    assertThat(cifar.labels()).startsWith(3, 8);
  }

  /** A tenth of four pictures a class is none: there would be no accuracy. */
  @Test
  void aSplitLeavesPicturesToTestOn() throws IOException {
    Files.writeString(folder.resolve("few.csv"), "0,1\n0,2\n0,3\n0,4\n1,5\n1,6\n1,7\n1,8\n");
    String few = "data: csv:path=few.csv,height=1,width=1,channels=1\narchitecture: mlp\n";
    refused(
        () -> Sources.of(Recipe.parse("r.yaml", few, folder)),
        "r: validation: a share that leaves pictures to test on expected, got 0.1 of 8");
    Recipe more = Recipe.parse("r.yaml", few + "validation: 0.2\n", folder);
    assertThat(Sources.of(more)[1].size()).isEqualTo(2);
  }

  /** Ten of one class, five of another: splits keep proportions, shuffling keeps counts. */
  @Test
  void splitsFractionsAndShuffledLabels() {
    List<byte[]> pixels = new ArrayList<>();
    int[] labels = new int[15];
    for (int i = 0; i < 15; i++) {
      pixels.add(new byte[] {(byte) i});
      labels[i] = i < 10 ? 0 : 1;
    }
    Dataset set = new Dataset(Shape.of(1, 1, 1), pixels, labels, List.of("a", "b"));
    Dataset[] parts = set.split(0.8, 4);
    assertThat(Arrays.stream(parts[0].labels()).sum()).isEqualTo(4);
    assertThat(parts[0].size()).isEqualTo(12);
    assertThat(parts[1].size()).isEqualTo(3);
    assertThat(set.fraction(0.4, 4).size()).isEqualTo(6);
    // 10 of class 0 and 5 of class 1: a hundredth of either would be none.
    assertThat(set.fraction(0.01, 4).labels()).containsExactlyInAnyOrder(0, 1);
    assertThat(set.split(0.8, 4)[0].labels()).isEqualTo(parts[0].labels());
    Dataset shuffled = set.shuffledLabels(4);
    assertThat(Arrays.stream(shuffled.labels()).sum()).isEqualTo(5);
    assertThat(shuffled.labels()).isNotEqualTo(labels);
    assertThat(shuffled.pixels()).isEqualTo(pixels);
  }
}
