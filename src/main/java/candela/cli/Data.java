package candela.cli;

import candela.image.Image;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import candela.train.Scene;
import candela.train.Scenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela data}: the synthetic set as files. */
@Command(
    name = "data",
    description = "Write a synthetic set of pictures of which it is known what decides the class.",
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
      "Examples:",
      "  candela data scenes --set count=400,test=100",
      "  candela data marked --set artefact=watermark,decides=artefact"
    })
final class Data implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "New folder.")
  Path folder;

  @Option(
      names = "--set",
      paramLabel = "key=value,…",
      description = "Settings. Default: those below.")
  String settings = "";

  @Override
  public Integer call() {
    Scenes scenes = Scenes.parse("synthetic" + (settings.isEmpty() ? "" : ":" + settings));
    int all = scenes.count() + scenes.test();
    // Painted beside its place, then moved: a run that fails or is stopped leaves no part of a set.
    Path whole = folder.toAbsolutePath().normalize();
    Path part = whole.resolveSibling("." + whole.getFileName() + ".candela-part");
    checkNew();
    try {
      Files.createDirectories(part);
      try (var _ = FolderLock.of(part)) {
        write(scenes, all, part, whole);
      }
    } catch (IOException e) {
      throw new CandelaException(folder + ": cannot be written: " + WholeFile.reason(e), e);
    }
    System.out.printf("%,d pictures of %d classes in %s%n", all, scenes.classes().size(), folder);
    return Main.OK;
  }

  private void write(Scenes scenes, int all, Path part, Path whole) throws IOException {
    try {
      checkNew();
      empty(part);
      paint(scenes, all, part);
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
  private static void paint(Scenes scenes, int all, Path to) {
    String[] lines = new String[all];
    int[] done = {0};
    AtomicReference<RuntimeException> failure = new AtomicReference<>();
    try (var progress = new Console("painting", "pictures")) {
      IntStream.range(0, all)
          .parallel()
          .filter(i -> failure.get() == null)
          .forEach(
              i -> {
                try {
                  lines[i] = write(scenes, i, to);
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
    text(
        to.resolve("boxes.csv"),
        "file,class,left,top,right,bottom\n" + String.join("\n", lines) + "\n");
    text(to.resolve("settings.txt"), scenes + "\n");
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

  private static String write(Scenes scenes, int i, Path folder) {
    Scene scene = scenes.scene(i);
    String set = i < scenes.count() ? "train" : "test";
    String name = String.format(Locale.ROOT, "%s/%06d.png", scenes.classes().get(scene.label()), i);
    Image picture = scene.picture();
    picture.writePng(folder.resolve(set).resolve(name));
    scene.maskPicture().writePng(folder.resolve("masks").resolve(set).resolve(name));
    int[] b = scene.box();
    return String.format(
        Locale.ROOT, "%s/%s,%d,%d,%d,%d,%d", set, name, scene.label(), b[0], b[1], b[2], b[3]);
  }
}
