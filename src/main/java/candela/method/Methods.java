package candela.method;

import candela.config.Parameters;
import candela.config.Spec;
import candela.tensor.CandelaException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** All methods, by name, and how they are read from text. */
public final class Methods {
  /** One line a method, alphabetical. */
  private enum Entry {
    BETA_SMOOTH(BetaSmooth.class, Methods::betaSmooth),
    DECONVNET(DeconvNet.class, Methods::deconvNet),
    DEEPLIFT(DeepLift.class, Methods::deepLift),
    EXCITATION_BACKPROP(ExcitationBackprop.class, Methods::excitationBackprop),
    FEATURE_ABLATION(FeatureAblation.class, Methods::featureAblation),
    GRADIENT(Gradient.class, Methods::gradient),
    GUIDED_BACKPROP(GuidedBackprop.class, Methods::guidedBackprop),
    INPUT_X_GRADIENT(InputXGradient.class, Methods::inputXGradient),
    INTEGRATED_GRADIENTS(IntegratedGradients.class, Methods::integratedGradients),
    LIME(Lime.class, Methods::lime),
    LRP(Lrp.class, Methods::lrp),
    MEANINGFUL_PERTURBATION(MeaningfulPerturbation.class, Methods::meaningfulPerturbation),
    OCCLUSION(Occlusion.class, Methods::occlusion),
    RECTGRAD(RectGrad.class, Methods::rectGrad),
    SLIDING_PATCH(SlidingPatch.class, Methods::slidingPatch),
    SMOOTHGRAD(SmoothGrad.class, Methods::smoothGrad);

    final Class<? extends Method> type;
    final Function<Spec, Method> read;

    Entry(Class<? extends Method> type, Function<Spec, Method> read) {
      this.type = type;
      this.read = read;
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private Methods() {}

  public static List<String> names() {
    return java.util.Arrays.stream(Entry.values()).map(Entry::text).toList();
  }

  /** The method's name, as {@link #of} takes it. */
  public static String name(Method method) {
    for (Entry e : Entry.values()) {
      if (e.type == method.getClass()) {
        return e.text();
      }
    }
    throw new IllegalArgumentException(method.getClass() + " is not listed");
  }

  /**
   * A method written as NAME or NAME:key=value,key=value; parameters not given have their defaults.
   *
   * @param text names as listed, with - or _
   * @throws CandelaException when name, key or value is unknown
   */
  public static Method parse(String text) {
    Spec spec = Spec.parse(text);
    for (Entry e : Entry.values()) {
      if (e.name().equalsIgnoreCase(spec.name().replace('-', '_'))) {
        Method method = e.read.apply(spec);
        spec.finish();
        return method;
      }
    }
    throw CandelaException.of(
        "method: unknown '%s'; known are %s", spec.name(), String.join(", ", names()));
  }

  /** What the listed method takes, with defaults: key=value, key=value. */
  public static String usage(String name) {
    return text(parse(name));
  }

  /** Parameters that can be written as text: key=value, key=value. */
  public static String text(Method method) {
    return Parameters.text((Record) method);
  }

  /** Parameters with their values, in the order of the record; for provenance. */
  public static Map<String, Object> parameters(Method method) {
    return Parameters.of((Record) method);
  }

  private static Method betaSmooth(Spec s) {
    var d = new BetaSmooth();
    return new BetaSmooth(
        s.number("beta", d.beta()),
        s.bool("multiplyByInputs", d.multiplyByInputs()),
        choice(s, "score", d.score()),
        choice(s, "channels", d.channels()));
  }

  private static Method deconvNet(Spec s) {
    var d = new DeconvNet();
    return new DeconvNet(choice(s, "score", d.score()), choice(s, "channels", d.channels()));
  }

  private static Method deepLift(Spec s) {
    var d = new DeepLift();
    return new DeepLift(
        choice(s, "rule", d.rule()),
        choice(s, "pooling", d.pooling()),
        choice(s, "baseline", d.baseline()),
        s.integer("seed", (int) d.seed()),
        s.bool("multiplyByInputs", d.multiplyByInputs()),
        choice(s, "channels", d.channels()));
  }

  private static Method excitationBackprop(Spec s) {
    var d = new ExcitationBackprop();
    return new ExcitationBackprop(
        s.bool("contrastive", d.contrastive()),
        s.text("layer", d.layer()),
        choice(s, "channels", d.channels()));
  }

  private static Method featureAblation(Spec s) {
    var d = new FeatureAblation();
    return new FeatureAblation(
        s.integer("grid", d.grid()),
        d.featureMask(),
        choice(s, "baseline", d.baseline()),
        s.integer("seed", (int) d.seed()),
        choice(s, "score", d.score()));
  }

  private static Method gradient(Spec s) {
    var d = new Gradient();
    return new Gradient(choice(s, "score", d.score()), choice(s, "channels", d.channels()));
  }

  private static Method guidedBackprop(Spec s) {
    var d = new GuidedBackprop();
    return new GuidedBackprop(choice(s, "score", d.score()), choice(s, "channels", d.channels()));
  }

  private static Method inputXGradient(Spec s) {
    var d = new InputXGradient();
    return new InputXGradient(choice(s, "score", d.score()), choice(s, "channels", d.channels()));
  }

  private static Method integratedGradients(Spec s) {
    var d = new IntegratedGradients();
    return new IntegratedGradients(
        s.integer("nSteps", d.nSteps()),
        choice(s, "method", d.method()),
        choice(s, "baseline", d.baseline()),
        s.integer("seed", (int) d.seed()),
        s.bool("multiplyByInputs", d.multiplyByInputs()),
        choice(s, "score", d.score()),
        choice(s, "channels", d.channels()));
  }

  private static Method lime(Spec s) {
    Lime d =
        switch (s.choice("preset", "none", List.of("none", "sam", "lime"))) {
          case "sam" -> Lime.sam();
          case "lime" -> Lime.lime();
          default -> new Lime();
        };
    return new Lime(
        s.integer("samples", d.samples()),
        s.integer("segments", d.segments()),
        s.number("compactness", d.compactness()),
        s.number("sigma", d.sigma()),
        choice(s, "fill", d.fill()),
        choice(s, "estimate", d.estimate()),
        s.number("width", d.width()),
        s.number("alpha", d.alpha()),
        s.integer("seed", (int) d.seed()),
        choice(s, "score", d.score()));
  }

  private static Method lrp(Spec s) {
    var d = new Lrp(choice(s, "composite", new Lrp().composite()));
    return new Lrp(
        d.composite(),
        s.number("epsilon", d.epsilon()),
        s.number("gamma", d.gamma()),
        s.bool("bias", d.bias()),
        choice(s, "start", d.start()),
        s.text("layer", d.layer()),
        choice(s, "channels", d.channels()));
  }

  private static Method meaningfulPerturbation(Spec s) {
    MeaningfulPerturbation d =
        switch (s.choice("preset", "none", List.of("none", "sam", "fong"))) {
          case "fong" -> MeaningfulPerturbation.fong();
          default -> MeaningfulPerturbation.sam();
        };
    return new MeaningfulPerturbation(
        s.integer("iterations", d.iterations()),
        s.integer("mask", d.mask()),
        choice(s, "upsampling", d.upsampling()),
        s.number("maskBlur", d.maskBlur()),
        choice(s, "start", d.start()),
        s.number("blur", d.blur()),
        s.integer("jitter", d.jitter()),
        s.number("l1", d.l1()),
        s.number("tv", d.tv()),
        s.number("beta", d.beta()),
        choice(s, "variation", d.variation()),
        s.number("rate", d.rate()),
        s.number("smooth", d.smooth()),
        s.integer("seed", (int) d.seed()),
        choice(s, "score", d.score()));
  }

  private static Method occlusion(Spec s) {
    var d = new Occlusion();
    return new Occlusion(
        s.integer("window", d.window()),
        s.integer("stride", d.stride()),
        choice(s, "fill", d.fill()),
        s.integer("seed", (int) d.seed()),
        choice(s, "overlap", d.overlap()),
        choice(s, "score", d.score()));
  }

  private static Method rectGrad(Spec s) {
    var d = new RectGrad();
    return new RectGrad(
        s.number("percent", d.percent()),
        s.bool("multiplyByInputs", d.multiplyByInputs()),
        choice(s, "score", d.score()),
        choice(s, "channels", d.channels()));
  }

  private static Method slidingPatch(Spec s) {
    var d = new SlidingPatch();
    return new SlidingPatch(
        s.integer("patch", d.patch()),
        s.integer("stride", d.stride()),
        choice(s, "score", d.score()));
  }

  private static Method smoothGrad(Spec s) {
    var d = new SmoothGrad();
    return new SmoothGrad(
        s.integer("samples", d.samples()),
        s.number("spread", d.spread()),
        s.number("stdev", d.stdev()),
        choice(s, "type", d.type()),
        s.integer("seed", (int) d.seed()),
        choice(s, "score", d.score()),
        choice(s, "channels", d.channels()));
  }

  /** A constant of the enum, in lower case. */
  private static <E extends Enum<E>> E choice(Spec s, String key, E otherwise) {
    Map<String, E> words = new LinkedHashMap<>();
    for (E e : otherwise.getDeclaringClass().getEnumConstants()) {
      words.put(e.name().toLowerCase(Locale.ROOT), e);
    }
    String word = otherwise.name().toLowerCase(Locale.ROOT);
    return words.get(s.choice(key, word, List.copyOf(words.keySet())));
  }
}
