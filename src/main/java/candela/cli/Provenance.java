package candela.cli;

import candela.device.Device;
import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.probe.Pipeline;
import candela.probe.Prediction;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Everything needed to repeat the maps of a run, as {@code provenance.json}. */
final class Provenance {
  private static final long SOMETIMES = 10_000_000_000L;

  private final Explain options;
  private final Pipeline pipeline;
  private final long start;
  private final Map<String, Object> head = new LinkedHashMap<>();
  private final List<Object> images = new ArrayList<>();
  private final List<Object> failures = new ArrayList<>();

  /** A large model takes a second. */
  private final CompletableFuture<String> hash;

  /** The layer of methods that name none; null where all do. */
  private final CompletableFuture<String> features;

  private long written;
  private long rows;
  private long nanos;

  Provenance(
      Explain options,
      Network network,
      Pipeline pipeline,
      Preparation preparation,
      Suited suited,
      List<String> methodNames,
      long start) {
    this.options = options;
    this.pipeline = pipeline;
    this.start = start;
    written = start;
    List<Method> methods = suited.methods();
    head.putAll(head(pipeline.device(), preparation, methods, methodNames));
    head.put("leftOut", suited.reasons());
    head.put("model", Map.of());
    hash = CompletableFuture.supplyAsync(network.model()::sha256);
    boolean open = methods.stream().anyMatch(m -> "".equals(Methods.parameters(m).get("layer")));
    features =
        open
            ? CompletableFuture.supplyAsync(() -> network.features().orElse(null))
            : CompletableFuture.completedFuture(null);
    head.put("output", output(options.output, network));
    head.put("target", options.target.given);
    head.put("batch", Map.of());
    head.put("clip", options.clip);
    head.put("scale", options.scale.name().toLowerCase(Locale.ROOT));
  }

  /** Program, machine, preprocessing and methods. */
  static Map<String, Object> head(
      Device device, Preparation preparation, List<Method> methods, List<String> methodNames) {
    Map<String, Object> head = new LinkedHashMap<>();
    head.put("candela", Version.NUMBER);
    head.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS));
    head.put("java", Runtime.version());
    head.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    head.put(
        "device",
        ordered(
            "name",
            device.name(),
            "threads",
            device.threads(),
            "precision",
            device.precision(),
            "what",
            device.describe()));
    head.put("preprocess", preparation.provenance());
    List<Object> list = new ArrayList<>();
    for (int i = 0; i < methods.size(); i++) {
      list.add(
          ordered(
              "name", methodNames.get(i),
              "method", Methods.name(methods.get(i)),
              "parameters", Methods.parameters(methods.get(i)),
              "channels", methods.get(i).channels().name().toLowerCase(Locale.ROOT)));
    }
    head.put("methods", list);
    return head;
  }

  /**
   * What two runs have in common where one may go on with the other's work.
   *
   * @param own keys that may differ
   */
  static Map<String, Object> common(Map<String, Object> record, Set<String> own) {
    Map<String, Object> common = Json.plain(record);
    common.keySet().removeAll(own);
    if (common.get("device") instanceof Map<?, ?> device) {
      Map<Object, Object> all = new LinkedHashMap<>(device);
      all.remove("threads"); // which change no bit
      common.put("device", all);
    }
    return common;
  }

  /** The output that is asked, by name. */
  static String output(Output output, Network network) {
    return output.name == null ? network.model().outputs().get(0).name() : output.name;
  }

  void failed(Inputs.Input input, String reason) {
    failures.add(ordered("file", input.file(), "reason", reason));
  }

  void ran(long rows, long nanos) {
    this.rows += rows;
    this.nanos += nanos;
  }

  void explained(Reading.Loaded image, Labels labels, List<Map<String, Object>> maps) {
    List<Object> top = new ArrayList<>();
    for (int c : image.prediction().top(options.top)) {
      top.add(score(image.prediction(), labels, c));
    }
    images.add(
        ordered(
            "file", image.input().file(),
            "name", image.input().name(),
            "target", score(image.prediction(), labels, image.target()),
            "top", top,
            "maps", maps));
  }

  private static Map<String, Object> score(Prediction p, Labels labels, int c) {
    return ordered(
        "class", c, "label", labels.of(c), "logit", p.logits()[c], "probability", p.probability(c));
  }

  double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  /** In a long run, so that an interrupted one leaves the provenance of the maps it made. */
  void writeNowAndThen() {
    if (System.nanoTime() - written > SOMETIMES) {
      write();
    }
  }

  void write() {
    written = System.nanoTime();
    Map<String, Object> all = new LinkedHashMap<>(head);
    Map<String, Object> model = ordered("file", options.classifier.model, "sha256", hash.join());
    if (features.join() != null) {
      model.put("features", features.join());
    }
    all.put("model", model);
    Map<String, Object> batch = ordered("given", options.batch.given);
    batch.putAll(pipeline.batches());
    all.put("batch", batch);
    all.put("images", images);
    all.put("failed", failures);
    all.put(
        "timings",
        ordered(
            "seconds",
            seconds(),
            "pipelineSeconds",
            nanos / 1e9,
            "rows",
            rows,
            "millisecondsARow",
            rows == 0 ? null : nanos / 1e6 / rows));
    Json.write(options.out.resolve("provenance.json"), all);
  }

  /** Keys and values in turn. */
  static Map<String, Object> ordered(Object... pairs) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put((String) pairs[i], pairs[i + 1]);
    }
    return map;
  }
}
