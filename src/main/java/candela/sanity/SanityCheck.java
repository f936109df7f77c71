package candela.sanity;

import candela.device.Device;
import candela.graph.Network;
import candela.method.Attribution;
import candela.method.Levels;
import candela.method.Method;
import candela.method.Preparation;
import candela.method.Subject;
import candela.metric.Maps;
import candela.metric.Pair;
import candela.metric.Similarities;
import candela.metric.Treatment;
import candela.probe.Halves;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Progress;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Maps of one network held against those of its variants: what explains a model must change with
 * it.
 *
 * <p><b>Definition:</b> for image x, class t and network f with variants f_1, f_2, …, the
 * similarities of a(x, t, f) and a(x, t, f_i), for every method a; for another class, of a(x, t, f)
 * and a(x, t', f); for a shifted input see {@link Shift}. Maps are divided by their largest
 * absolute value and brought to the image's size ({@link Treatment#standard}). Beside them the rise
 * of complexity, (E(a(x, t, f_i)) − E(a(x, t, f))) / E(a(x, t, f)), E the entropy of the histogram
 * of the values of maps at the image's size; NaN where that of f is 0. Of f_i without anything
 * learnt it is the efficient test of Hedström et al.: above 0 for a method that notices.
 *
 * <p><b>Cost:</b> each method's rows for each image, once for the network and for each variant.
 *
 * <p><b>Source:</b> Adebayo et al. 2018, "Sanity checks for saliency maps": parameters (section 3),
 * labels (section 4); Sixt et al. 2020, "When explanations lie": another class; Hedström et al.
 * 2023, "Sanity checks revisited: an exploration to repair the model parameter randomisation test":
 * complexity; Kindermans et al. 2019, "The (un)reliability of saliency methods": a shifted input.
 *
 * <p><b>Differences:</b> the authors clip maps at their 99th percentile, bring them to 0 … 1, weigh
 * SSIM's window by a Gaussian and compare HOG by ranks. They explain the class that each variant
 * predicts (predicted), as Quantus does not. Quantus counts values of all channels where a map has
 * several, and offers rules for the number of bins that read the number of axes for that of values.
 *
 * <p>For one thread; owns nothing.
 */
public final class SanityCheck {
  /** What stands behind the similarities in a result. */
  public static final String RISE = "complexity-rise";

  /** Why there is no map of another class to compare with. */
  private static final String ONE_SCORE = "the model has one score, and no other class";

  /** More bins than that have few values of a map. */
  private static final int MOST_BINS = 1 << 16;

  /** A histogram asks for no scale. */
  private static final Treatment AS_IT_IS = new Treatment(false, Treatment.Enlarge.BILINEAR, 1);

  private final Settings settings;
  private final Device device;
  private final Preparation preparation;

  /**
   * What is checked, and how.
   *
   * @param similarities as {@link Similarities#parse} takes them
   * @param absolute whether maps are compared by their absolute values
   * @param bins of the histogram whose entropy is a map's complexity, 2 to 65536
   * @param predicted whether of each other model, random or not, the class is explained that it
   *     predicts; one that reads shifted images is no other
   * @param batch rows of a batch, see {@link Pipeline}
   * @param output name of the output with the class scores, null for the first
   */
  public record Settings(
      List<Method> methods,
      List<String> similarities,
      boolean absolute,
      int bins,
      boolean predicted,
      int batch,
      String output) {
    public Settings {
      if (bins < 2 || bins > MOST_BINS) {
        throw CandelaException.of("bins: 2 to %d expected, got %d", MOST_BINS, bins);
      }
      methods = List.copyOf(methods);
      similarities = List.copyOf(similarities);
      similarities.forEach(Similarities::parse);
    }
  }

  /**
   * An image.
   *
   * @param pixels as the network takes them, [c,h,w]
   * @param target the class that is explained
   * @param other another class; -1 where there is none
   */
  public record Picture(float[] pixels, int target, int other) {}

  /**
   * What one network gave.
   *
   * @param maps by image and method
   * @param targets the classes that were explained, by image
   * @param predictions by image
   */
  public record Found(List<List<Attribution>> maps, int[] targets, List<Prediction> predictions) {
    /** What it gave for further images, behind these. */
    private Found and(Found more) {
      List<List<Attribution>> allMaps = new ArrayList<>(maps);
      allMaps.addAll(more.maps);
      List<Prediction> said = new ArrayList<>(predictions);
      said.addAll(more.predictions);
      int[] both = Arrays.copyOf(targets, targets.length + more.targets.length);
      System.arraycopy(more.targets, 0, both, targets.length, more.targets.length);
      return new Found(allMaps, both, said);
    }
  }

  /** Told of maps as they come, and how far they are. */
  public interface Listener {
    /** After every batch. */
    void rows(long done, long all);

    /**
     * A network is done.
     *
     * @param variant place in the list of variants, -1 for the original
     */
    void found(int variant, Found found);
  }

  /**
   * A check of images as they are prepared.
   *
   * @throws CandelaException when a similarity does not fit their size
   */
  public SanityCheck(Settings settings, Device device, Preparation preparation) {
    this.settings = settings;
    this.device = device;
    this.preparation = preparation;
    for (String s : settings.similarities()) {
      fit(s, preparation);
    }
  }

  /**
   * Refuses a similarity that needs larger maps.
   *
   * @throws CandelaException when it does
   */
  public static void fit(String similarity, Preparation preparation) {
    int h = preparation.shape().dim(1);
    int w = preparation.shape().dim(2);
    try {
      Similarities.check(Similarities.parse(similarity), h, w);
    } catch (CandelaException e) {
      throw new CandelaException(e.getMessage() + "; compare by another similarity", e);
    }
  }

  /** Refuses another model that cannot be compared before any map is made. */
  private void check(Network original, List<Variant> variants, Picture first) {
    for (Variant v : variants) {
      if (v.kind() == Variant.Kind.ANOTHER_MODEL) {
        Network network = v.network().get();
        if (!network.inputShape().equals(original.inputShape())) {
          throw CandelaException.of(
              "%s: images %s expected, as %s takes them; it takes %s",
              network.name(), original.inputShape(), original.name(), network.inputShape());
        }
        try (var pipeline = new Pipeline(network, device, 1, settings.output())) {
          Logits logits = new Logits(device, first.pixels());
          pipeline.run(List.of(logits));
          target(first, v, logits.result(), network);
        }
      }
    }
  }

  /**
   * Runs all methods on all variants.
   *
   * @return by image, method, variant and similarity, in this order, behind the similarities the
   *     rise of complexity
   * @throws CandelaException when a method has no meaning for a network, or a variant takes other
   *     images or knows fewer classes
   */
  public List<Compared> run(
      Network original, List<Variant> variants, List<Picture> pictures, Listener listener) {
    check(original, variants, pictures.getFirst());
    int networks = variants.size() + 1;
    List<Found> found = new ArrayList<>();
    for (int i = 0; i < networks; i++) {
      Variant v = i == 0 ? null : variants.get(i - 1);
      Network network = v == null ? original : v.network().get();
      int before = i;
      found.add(
          found(
              network,
              v,
              pictures,
              (done, all) -> {
                listener.rows(before * all + done, networks * all);
                return true;
              }));
      listener.found(i - 1, found.getLast());
    }
    return compare(found, variants, pictures);
  }

  /** Of all pictures, or of one half and then the other where all have no room at once. */
  private Found found(Network network, Variant v, List<Picture> pictures, Progress progress) {
    int n = pictures.size();
    int[] before = new int[1];
    return Halves.of(
        pictures,
        part -> {
          int size = part.size();
          Found found =
              find(
                  network,
                  v,
                  part,
                  (done, all) -> progress.at(all * before[0] / size + done, all * n / size));
          before[0] += size;
          return found;
        },
        Found::and);
  }

  private Found find(Network network, Variant v, List<Picture> pictures, Progress progress) {
    Shift shift = v == null ? Shift.NONE : v.shift();
    Levels levels = shift.of(preparation.levels());
    List<float[]> pixels = pictures.stream().map(p -> shift.of(p.pixels())).toList();
    try (Pipeline pipeline = new Pipeline(network, device, settings.batch(), settings.output())) {
      List<Logits> asked = pixels.stream().map(p -> new Logits(device, p)).toList();
      pipeline.run(asked);
      List<Prediction> said = asked.stream().map(Logits::result).toList();
      int[] targets = new int[pictures.size()];
      for (int i = 0; i < targets.length; i++) {
        targets[i] = target(pictures.get(i), v, said.get(i), network);
      }
      try (Workspace workspace = new Workspace(device).ofMaps()) {
        List<Probe<Attribution>> probes = new ArrayList<>();
        for (int i = 0; i < targets.length; i++) {
          Subject subject = new Subject(preparation.shape(), pixels.get(i), targets[i], levels);
          settings.methods().forEach(m -> probes.add(m.probe(subject, workspace)));
        }
        pipeline.run(probes, progress);
        List<List<Attribution>> maps = new ArrayList<>();
        int n = settings.methods().size();
        for (int i = 0; i < targets.length; i++) {
          maps.add(probes.subList(i * n, (i + 1) * n).stream().map(Probe::result).toList());
        }
        return new Found(maps, targets, said);
      }
    }
  }

  private int target(Picture picture, Variant v, Prediction said, Network network) {
    int target = picture.target();
    if (v != null && v.kind() == Variant.Kind.ANOTHER_CLASS) {
      target = Math.max(picture.other(), 0);
    } else if (v != null && settings.predicted() && v.kind() != Variant.Kind.SHIFTED_INPUT) {
      target = said.best();
    }
    int classes = said.logits().length;
    if (target >= classes) {
      throw CandelaException.of(
          "%s: class %d is explained, it knows %d; give a model of the same classes",
          network.name(), target, classes);
    }
    return target;
  }

  /** The first of found with all others. */
  private List<Compared> compare(
      List<Found> found, List<Variant> variants, List<Picture> pictures) {
    int n = settings.methods().size();
    List<List<Compared>> each =
        IntStream.range(0, pictures.size() * n)
            .parallel()
            .mapToObj(
                i -> {
                  int picture = i / n;
                  int method = i % n;
                  List<Attribution> maps =
                      found.stream().map(f -> f.maps().get(picture).get(method)).toList();
                  return compare(picture, method, maps);
                })
            .toList();
    return each.stream()
        .flatMap(List::stream)
        .map(
            c -> isNone(variants.get(c.variant()), pictures.get(c.image())) ? c.none(ONE_SCORE) : c)
        .toList();
  }

  /** Whether there is nothing to compare with: no other class. */
  private static boolean isNone(Variant v, Picture p) {
    return v.kind() == Variant.Kind.ANOTHER_CLASS && p.other() < 0;
  }

  private List<Compared> compare(int picture, int method, List<Attribution> maps) {
    boolean signed = maps.getFirst().channels().signed() && !settings.absolute();
    Treatment treatment = Treatment.standard(signed);
    int h = preparation.shape().dim(1);
    int w = preparation.shape().dim(2);
    List<float[]> treated =
        maps.stream().map(a -> treatment.apply(values(a), a.height(), a.width(), h, w)).toList();
    List<Pair> pairs = Pair.against(0, maps.size());
    List<double[]> values = new ArrayList<>();
    for (String s : settings.similarities()) {
      values.add(treatment.similarity(s).of(new Maps(h, w, treated), pairs));
    }
    values.add(rises(maps));
    List<Fault> faults = maps.stream().map(a -> Fault.of(values(a))).toList();
    List<Compared> compared = new ArrayList<>();
    for (int v = 0; v < pairs.size(); v++) {
      Fault own = faults.getFirst();
      Fault other = faults.get(v + 1);
      for (int s = 0; s < values.size(); s++) {
        double value = values.get(s)[v];
        boolean rise = s == values.size() - 1;
        String reason =
            !Double.isNaN(value)
                ? ""
                : rise ? Fault.ofRise(own, other) : Fault.ofSimilarity(own, other);
        compared.add(new Compared(picture, method, v, s, value, reason));
      }
    }
    return compared;
  }

  /** Of the complexity of all but the first. */
  private double[] rises(List<Attribution> maps) {
    double own = entropy(maps.getFirst());
    return maps.stream()
        .skip(1)
        .mapToDouble(a -> own == 0 ? Double.NaN : (entropy(a) - own) / own)
        .toArray();
  }

  private double entropy(Attribution a) {
    int h = preparation.shape().dim(1);
    int w = preparation.shape().dim(2);
    float[] map = AS_IT_IS.apply(values(a), a.height(), a.width(), h, w);
    return Histogram.entropy(map, settings.bins());
  }

  private float[] values(Attribution a) {
    float[] map = a.map();
    if (!settings.absolute()) {
      return map;
    }
    float[] absolute = new float[map.length];
    for (int i = 0; i < map.length; i++) {
      absolute[i] = Math.abs(map[i]);
    }
    return absolute;
  }
}
