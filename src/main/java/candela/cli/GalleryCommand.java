package candela.cli;

import candela.device.Device;
import candela.graph.Network;
import candela.image.ContactSheet;
import candela.image.HeatMap;
import candela.image.Image;
import candela.image.Labels;
import candela.image.Scale;
import candela.image.WholeFile;
import candela.method.Attribution;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Subject;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.study.Shipped;
import candela.tensor.CandelaException;
import com.sun.management.OperatingSystemMXBean;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela gallery}: one photo under every method, on one sheet. */
@Command(
    name = "gallery",
    description = "Draw one photo under every method, and print what each map cost.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "A method that has no meaning for the model is left out and its reason printed.",
      "",
      "Examples:",
      "  candela gallery",
      "  candela gallery cat.jpg --model squeezenet1.1.onnx --preprocess caffe-bgr",
      "  candela gallery cat.jpg --model m.onnx --method rise:masks=500 --method grad-cam",
      "",
      "Exit codes: 0 all done, 1 some methods were left out, 2 wrong usage or input, or all were"
          + " left",
      "out."
    })
final class GalleryCommand implements Callable<Integer> {
  /** Pictures side by side. */
  private static final int ACROSS = 6;

  @Parameters(paramLabel = "PHOTO", arity = "0..1", description = "Image file.")
  Path photo;

  @Mixin Classifier classifier;

  @Option(
      names = "--method",
      paramLabel = "NAME[:key=value,…]",
      description = "A method and its parameters; may be repeated. Default: all.")
  List<String> methods = List.of();

  @Mixin Target target;

  @Mixin Output output;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "The sheet. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("candela-gallery.png");

  @Mixin Batch batch;

  @Mixin Machine machine;

  @Override
  public Integer call() {
    target.check();
    Path folder = WholeFile.folder(out);
    if (!out.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
      throw CandelaException.of("--out: a name that ends with .png expected, got %s", out);
    }
    if (classifier.model == null && photo == null) {
      useShipped(folder.resolve("candela-example"));
    }
    if (classifier.model == null || photo == null) {
      throw CandelaException.of("gallery: a PHOTO and --model FILE expected, or neither");
    }
    WholeFile.checkApart("--out", out, photo);
    List<String> texts = methods.isEmpty() ? Methods.names() : methods;
    List<Method> all = texts.stream().map(Methods::parse).toList();
    Network network = classifier.network();
    Labels names = classifier.names(network, output);
    WholeFile.makeFolder("--out", folder);
    Preparation preparation = Preparation.of(classifier.preprocess, network, List.of(photo));
    try (Device device = machine.open();
        var pipeline = new Pipeline(network, device, batch.rows(), output.name)) {
      classifier.sayWhatWasAssumed(network, preparation, output);
      Reading.Loaded read =
          Reading.strict(network, preparation, names, classifier.labels, target)
              .one(photo, pipeline);
      Preparation.Picture picture = read.picture();
      Subject subject = preparation.subject(picture.pixels(), read.target());
      String caption = Words.likely(read.target(), names, read.prediction());
      List<ContactSheet.Cell> cells = new ArrayList<>();
      cells.add(
          new ContactSheet.Cell(picture.view(), photo.getFileName().toString(), caption, null));
      int left = draw(all, subject, picture.view(), device, pipeline, cells);
      if (left == all.size()) {
        return Main.WRONG;
      }
      String about = "preprocessing: " + preparation.name() + " · device: " + device.name();
      ContactSheet sheet = new ContactSheet(network.name(), about);
      for (int from = 0; from < cells.size(); from += ACROSS) {
        sheet.row(cells.subList(from, Math.min(from + ACROSS, cells.size())));
      }
      sheet.draw().writePng(out);
      System.out.printf("%n%s in %s%n", Words.counted(cells.size() - 1, "map"), out);
      return left == 0 ? Main.OK : Main.PARTIAL;
    }
  }

  private void useShipped(Path folder) {
    WholeFile.makeFolder("--out", folder);
    classifier.useShipped(folder);
    photo = Shipped.picture("crescent", folder);
  }

  /** Adds a cell for each method; tells how many were left out. */
  private static int draw(
      List<Method> methods,
      Subject subject,
      Image view,
      Device device,
      Pipeline pipeline,
      List<ContactSheet.Cell> cells) {
    PrintStream print = System.out;
    int left = 0;
    print.printf("%-28s %7s %9s %9s%n", "method", "rows", "ms", "CPU ms");
    for (Method m : methods) {
      String name = Methods.name(m);
      try (var workspace = new Workspace(device).ofMaps()) {
        long[] rows = new long[1];
        long start = System.nanoTime();
        long cpu = cpuTime();
        Probe<Attribution> probe = m.probe(subject, workspace);
        pipeline.run(
            List.of(probe),
            (done, total) -> {
              rows[0] = done;
              return true;
            });
        Attribution a = probe.result();
        double ms = (System.nanoTime() - start) / 1e6;
        double cpuMs = (cpuTime() - cpu) / 1e6;
        print.printf(Locale.ROOT, "%-28s %7d %9.0f %9.0f%s%n", name, rows[0], ms, cpuMs, delta(a));
        Scale scale = Scale.of(a.map(), a.channels().signed(), 99);
        Image overlay = new HeatMap(a.map(), a.height(), a.width(), scale).over(view);
        String caption = Methods.text(m.on(subject.shape()));
        cells.add(new ContactSheet.Cell(overlay, name, caption, scale));
      } catch (CandelaException | OutOfMemoryError e) {
        left++;
        print.printf("%-28s %s%n", name, Main.sentence(e));
      }
    }
    return left;
  }

  /** Of all threads, ns: unlike the time on the clock it does not depend on what else runs. */
  private static long cpuTime() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  /** What the map lacks of what it should add up to. */
  private static String delta(Attribution a) {
    for (String key : List.of("convergenceDelta", "conservationDelta")) {
      if (a.notes().containsKey(key)) {
        return String.format(Locale.ROOT, "   %s %.2g", key, a.notes().get(key));
      }
    }
    return "";
  }
}
