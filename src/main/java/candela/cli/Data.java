package candela.cli;

import candela.image.WholeFile;
import candela.study.Mosaics;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela data}: the synthetic set, or mosaics of photos, as files. */
@Command(
    name = "data",
    description = "Write pictures of which it is known what decides the class.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Written: DIR/train/CLASS/NNNNNN.png, DIR/test/…, DIR/masks/{train,test}/CLASS/NNNNNN.png",
      "(white: the pixels that decide the class), DIR/boxes.csv, DIR/settings.txt.",
      "",
      "Settings, with their defaults: count=8000 test=1000 size=64 seed=1 colour=0 background=0",
      "clutter=6 distractors=3 artefact=none decides=shape. colour and background are the share of",
      "pictures whose object hue, or background, gives the class away. Artefacts: watermark, hue,",
      "blur, brightness, noise; with decides=artefact they are the class, else in a random half.",
      "",
      "With --mosaics: pictures of four photos, two of one class and two of others, for Focus: the",
      "share of a map's positive relevance on its class's two. Metric relevance-mass tells it in a",
      "study with images: [DIR], boxes: DIR/boxes.csv and target: label. Written: DIR/NNNNNN.png,",
      "DIR/boxes.csv, DIR/settings.txt. Settings: " + Mosaics.SETTINGS + ".",
      "",
      "Examples:",
      "  candela data scenes --set count=400,test=100",
      "  candela data marked --set artefact=watermark,decides=artefact",
      "  candela data four --mosaics photos --classes photos/labels.csv --set count=50"
    })
final class Data implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "New folder.")
  Path folder;

  @Option(
      names = "--set",
      paramLabel = "key=value,…",
      description = "Settings. Default: those below.")
  String settings = "";

  @Option(
      names = "--mosaics",
      paramLabel = "PATH",
      description = "Mosaics of these photos instead: a file or folder; may be given often.")
  List<Path> photos = List.of();

  @Option(
      names = "--classes",
      paramLabel = "FILE",
      description = "Of the photos: a table with columns file and class.")
  Path classes;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "Names of the classes, one a line, where the table has names.")
  Path labels;

  @Override
  public Integer call() {
    Pictures pictures = Pictures.of(settings, photos, classes, labels);
    // Painted beside its place, then moved: a run that fails or is stopped leaves no part of a set.
    Path whole = folder.toAbsolutePath().normalize();
    Path part = whole.resolveSibling("." + whole.getFileName() + ".candela-part");
    checkNew();
    try {
      Files.createDirectories(part);
      try (var _ = FolderLock.of(part)) {
        write(pictures, part, whole);
      }
    } catch (IOException e) {
      throw new CandelaException(folder + ": cannot be written: " + WholeFile.reason(e), e);
    }
    System.out.printf("%s in %s%n", pictures.described(), folder);
    return Main.OK;
  }

  private void write(Pictures pictures, Path part, Path whole) throws IOException {
    try {
      checkNew();
      empty(part);
      paint(pictures, part);
      Files.move(part, whole);
      Files.delete(whole.resolve(FolderLock.FILE));
    } finally {
      delete(part);
    }
  }

  private void checkNew() {
    if (Files.exists(folder)) {
      throw CandelaException.of("%s: a new folder expected, it is there already", folder);
    }
  }

  /** Of what a killed run left. */
  private static void empty(Path part) throws IOException {
    try (var files = Files.list(part)) {
      for (Path f : files.toList()) {
        if (!f.endsWith(FolderLock.FILE)) {
          delete(f);
        }
      }
    }
  }

  /** When it returns or fails nobody writes any more: the first failure is kept until all ended. */
  private static void paint(Pictures pictures, Path to) {
    int all = pictures.count();
    List<List<String>> lines = new ArrayList<>(Collections.nCopies(all, null));
    int[] done = {0};
    AtomicReference<RuntimeException> failure = new AtomicReference<>();
    try (var progress = new Console("painting", "pictures")) {
      IntStream.range(0, all)
          .parallel()
          .filter(i -> failure.get() == null)
          .forEach(
              i -> {
                try {
                  lines.set(i, pictures.write(i, to));
                } catch (RuntimeException e) {
                  failure.compareAndSet(null, e);
                  return;
                }
                synchronized (done) {
                  progress.at(++done[0], all);
                }
              });
    }
    if (failure.get() != null) {
      throw failure.get();
    }
    String boxes = lines.stream().flatMap(List::stream).collect(Collectors.joining("\n"));
    text(to.resolve("boxes.csv"), "file,class,left,top,right,bottom\n" + boxes + "\n");
    text(to.resolve("settings.txt"), pictures.text() + "\n");
  }

  private static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (var files = Files.walk(folder)) {
      for (Path f : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(f);
      }
    } catch (IOException e) {
      throw new CandelaException(folder + ": cannot be deleted: " + WholeFile.reason(e), e);
    }
  }

  private static void text(Path file, String content) {
    WholeFile.write(file, part -> Files.writeString(part, content));
  }
}
