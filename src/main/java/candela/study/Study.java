package candela.study;

import candela.config.Settings;
import candela.config.Spec;
import candela.image.Preprocess;
import candela.image.WholeFile;
import candela.metric.Metric;
import candela.metric.Metrics;
import candela.metric.Similarities;
import candela.metric.Similarity;
import candela.metric.Treatment;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Models, images, sweeps and what is measured of their maps: a YAML file of these keys.
 *
 * <pre>{@code
 * models:                    # ONNX files, or names of models that come with Candela; names of files
 *                            # start at this file's folder, here and below
 *   - cnn
 *   - squeezenet: ../models/squeezenet1.1.onnx:preprocess=caffe-bgr
 * images: [photos]           # files and folders, or "shipped"
 * target: label              # the explained class: top (predicted), label, or a number
 * classes: labels.csv        # columns file and class (a number or a name), for target: label
 * boxes: boxes.csv           # columns file, class, x0, y0, x1, y1, for metrics of the object, which
 *                            # score maps of that class
 * labels: classes.txt        # names of the classes, one a line
 * sweeps:                    # presets, or methods with lists; * is what others are compared with
 *   - sam-sp-small
 *   - patches: sliding-patch:patch=[10,20*,30],stride=2
 *   - methods: [gradient, "lrp:composite=epsilon_plus", grad-cam]  # several are compared
 * similarities: [ssim, hog, spearman]  # by default as far as maps are large enough for them
 * metrics: [insertion:preset=sam, deletion:preset=sam, localisation]
 * treatment: sam             # of maps before they are compared: standard or sam
 * maps: false                # whether maps are kept as .npy
 * pictures: 8                # images whose maps the report shows
 * }</pre>
 *
 * @param text the file as it is
 * @param folder where its paths start
 * @param target "top", "label" or a number
 * @param classes null where none is given, as boxes and labels
 */
public record Study(
    String name,
    String text,
    Path folder,
    List<Ref> models,
    List<String> images,
    String target,
    Path classes,
    Path boxes,
    Path labels,
    List<Sweep> sweeps,
    List<Measure<Similarity>> similarities,
    List<Measure<Metric>> metrics,
    boolean sam,
    boolean maps,
    int pictures) {
  private static final List<String> USUAL = List.of("ssim", "hog", "spearman");

  /** Images that come with Candela. */
  static final String SHIPPED = "shipped";

  /**
   * A model as the file names it.
   *
   * @param path file, or name of a shipped model
   * @param preprocess null for the default
   * @param output null for the first
   * @param inputShape of an image where the model leaves it open, as 3x224x224; else null
   */
  public record Ref(
      String name, String path, String preprocess, String output, String inputShape) {}

  /**
   * A similarity or metric.
   *
   * @param name as tables have it: the text, unless the file gives a name
   */
  public record Measure<T>(String name, String text, T of) {}

  public static Study read(Path file) {
    return parse(file.toString(), WholeFile.text(file), file.toAbsolutePath().getParent());
  }

  /** Of YAML text; messages name the file. */
  public static Study parse(String file, String text, Path folder) {
    Settings s = Settings.parse(file, text);
    String name = Path.of(file).getFileName().toString().replaceFirst("\\.ya?ml$", "");
    List<Ref> models =
        s.values("models").stream().map(v -> s.read("models", v, Study::model)).toList();
    unique(file, "models", models.stream().map(Ref::name).toList());
    List<Measure<Similarity>> similarities =
        measures(s, "similarities", USUAL, Similarities::parse);
    UnaryOperator<Sweep> check = similarities.isEmpty() ? w -> w : Sweep::compared;
    List<Sweep> sweeps = new ArrayList<>();
    for (Settings.Value v : s.valuesOrLists("sweeps")) {
      sweeps.addAll(s.read("sweeps", v, w -> sweeps(w, folder).stream().map(check).toList()));
    }
    unique(file, "sweeps", sweeps.stream().map(Sweep::name).toList());
    Study study =
        new Study(
            name,
            text,
            folder,
            models,
            s.list("images"),
            s.read("target", s.text("target", "top"), Study::target),
            path(s, "classes", folder),
            path(s, "boxes", folder),
            path(s, "labels", folder),
            List.copyOf(sweeps),
            similarities,
            measures(s, "metrics", List.of("deletion", "insertion"), Metrics::parse),
            s.read("treatment", s.text("treatment", "standard"), Study::isSam),
            s.bool("maps", false),
            s.integer("pictures", 8, 0, 1000));
    for (Settings.Value v : s.values("metrics")) {
      s.read("metrics", v, w -> checkBoxes(w, study));
    }
    s.finish();
    for (String key : List.of("models", "images", "sweeps")) {
      if (s.valuesOrLists(key).isEmpty()) {
        throw CandelaException.of("%s: key '%s' with one value or more expected", file, key);
      }
    }
    if (study.target.equals("label") && study.classes == null && study.boxes == null) {
      if (!study.images.equals(List.of(SHIPPED))) {
        throw CandelaException.of(
            "%s: target: label needs classes: or boxes: FILE.csv, which say the labels", file);
      }
    }
    return study;
  }

  /**
   * The same for models of such images: similarities that nobody named and that want larger maps
   * are left out.
   */
  public Study fitting(List<Shape> images) {
    if (Settings.parse(name, text).has("similarities")) {
      return this;
    }
    List<String> fit = USUAL;
    for (Shape s : images) {
      fit = Similarities.fitting(fit, s.dim(1), s.dim(2));
    }
    List<String> left = fit;
    return measuring(similarities.stream().filter(m -> left.contains(m.text())).toList(), metrics);
  }

  /** The same with these of its metrics alone. */
  Study judgedBy(List<Measure<Metric>> some) {
    return measuring(similarities, some);
  }

  private Study measuring(List<Measure<Similarity>> similarities, List<Measure<Metric>> metrics) {
    return new Study(
        name,
        text,
        folder,
        models,
        images,
        target,
        classes,
        boxes,
        labels,
        sweeps,
        similarities,
        metrics,
        sam,
        maps,
        pictures);
  }

  /** The files and folders of its images; not those that come with Candela. */
  public List<Path> paths() {
    return images.stream().filter(i -> !i.equals(SHIPPED)).map(folder::resolve).toList();
  }

  /** What is done to the maps of a method before they are compared. */
  Treatment treatment(String method, boolean signed) {
    return sam ? Treatment.sam(method) : Treatment.standard(signed);
  }

  private static Metric checkBoxes(Settings.Value v, Study study) {
    Metric metric = Metrics.parse(v.text());
    if (metric.needsTruth() && study.boxes == null) {
      throw CandelaException.of(
          "%s needs the boxes of the images; add boxes: FILE.csv", Metrics.name(metric));
    }
    return metric;
  }

  private static Ref model(Settings.Value v) {
    Spec spec = Spec.parse(v.text());
    Path file = Path.of(spec.name()).getFileName();
    if (file == null) {
      throw CandelaException.of("an ONNX file or a model's name expected, got '%s'", spec.name());
    }
    String stem = file.toString().replaceFirst("\\.onnx$", "");
    String preprocess = spec.text("preprocess", null);
    String output = spec.text("output", null);
    String inputShape = spec.text("input-shape", null);
    spec.finish();
    if (preprocess != null && !preprocess.contains(".")) {
      var _ = Preprocess.of(preprocess);
    }
    String name = v.name() == null ? stem : v.name();
    if (name.contains("/") || name.isBlank() || name.equals("..")) {
      throw CandelaException.of("a name without / expected, got '%s'", name);
    }
    return new Ref(name, spec.name(), preprocess, output, inputShape);
  }

  private static List<Sweep> sweeps(Settings.Value v, Path folder) {
    if (!v.texts().isEmpty()) {
      String name = v.name() == null ? String.join(", ", v.texts()) : v.name();
      return List.of(Sweep.ofMethods(name, v.texts(), folder));
    }
    if (v.name() == null && (SweepPresets.has(v.text()) || v.text().startsWith("sam-"))) {
      return SweepPresets.of(v.text());
    }
    if (SweepPresets.has(v.text())) {
      return List.of(SweepPresets.named(v.name(), v.text()));
    }
    return List.of(Sweep.parse(v.name() == null ? v.text() : v.name(), v.text(), folder));
  }

  private static String target(String text) {
    if (text.equals("top") || text.equals("label") || text.matches("\\d{1,8}")) {
      return text;
    }
    throw CandelaException.of("top, label or the number of a class expected, got '%s'", text);
  }

  private static boolean isSam(String text) {
    if (text.equals("sam") || text.equals("standard")) {
      return text.equals("sam");
    }
    throw CandelaException.of("standard or sam expected, got '%s'", text);
  }

  private static <T> List<Measure<T>> measures(
      Settings s, String key, List<String> otherwise, Function<String, T> parse) {
    if (!s.has(key)) {
      return otherwise.stream().map(t -> new Measure<>(t, t, parse.apply(t))).toList();
    }
    List<Measure<T>> measures = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Settings.Value v : s.values(key)) {
      Measure<T> m =
          s.read(
              key,
              v,
              w -> {
                T of = parse.apply(w.text());
                String name = w.name() == null ? w.text() : w.name();
                if (!seen.add(name)) {
                  throw CandelaException.of("'%s' is given twice", name);
                }
                return new Measure<>(name, w.text(), of);
              });
      measures.add(m);
    }
    return measures;
  }

  private static Path path(Settings s, String key, Path folder) {
    return s.has(key) ? folder.resolve(s.required(key)) : null;
  }

  private static void unique(String file, String key, List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String n : names) {
      if (!seen.add(n)) {
        throw CandelaException.of(
            "%s: %s: different names expected, '%s' is there twice; write NAME: …", file, key, n);
      }
    }
  }
}
