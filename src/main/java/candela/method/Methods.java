package candela.method;

import candela.config.Parameters;
import candela.config.Spec;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** All methods, by name, and how they are read from text. */
public final class Methods {
  /** One line a method, alphabetical. */
  private enum Entry {
    ABLATION_CAM(new AblationCam()),
    ANCHORS(new Anchors()),
    ATTENTION_ROLLOUT(new AttentionRollout()),
    BETA_SMOOTH(new BetaSmooth()),
    BLUR_INTEGRATED_GRADIENTS(new BlurIntegratedGradients()),
    CAM(new Cam()),
    CENTRE_PRIOR(new CentrePrior()),
    DECONVNET(new DeconvNet()),
    DEEPLIFT(new DeepLift()),
    DEEPSHAP(new DeepShap()),
    EIGEN_CAM(new EigenCam()),
    EIGEN_GRAD_CAM(new EigenGradCam()),
    EXACT_SHAPLEY(new ExactShapley()),
    EXCITATION_BACKPROP(new ExcitationBackprop()),
    EXPECTED_GRADIENTS(new ExpectedGradients()),
    EXTREMAL_PERTURBATION(new ExtremalPerturbation()),
    FEATURE_ABLATION(new FeatureAblation()),
    FGVIS(new FgVis()),
    FIDO(new Fido()),
    FULL_GRAD(new FullGrad()),
    GENERIC_ATTENTION(new GenericAttention()),
    GRAD_CAM(new GradCam()),
    GRAD_CAM_PLUS_PLUS(new GradCamPlusPlus()),
    GRADIENT(new Gradient()),
    GUIDED_BACKPROP(new GuidedBackprop()),
    GUIDED_GRAD_CAM(new GuidedGradCam()),
    GUIDED_INTEGRATED_GRADIENTS(new GuidedIntegratedGradients()),
    HIERARCHICAL_OCCLUSION(new HierarchicalOcclusion()),
    HIRESCAM(new HiResCam()),
    HSIC(new Hsic()),
    INPUT_ITSELF(new InputItself()),
    INPUT_X_GRADIENT(new InputXGradient()),
    INTEGRATED_GRADIENTS(new IntegratedGradients()),
    INTERNAL_INFLUENCE(new InternalInfluence()),
    KERNEL_SHAP(new KernelShap()),
    LAYER_CAM(new LayerCam()),
    LAYER_CONDUCTANCE(new LayerConductance()),
    LIME(new Lime(), Map.of("lime", Lime.lime(), "lime-g", Lime.limeG(), "sam", Lime.sam())),
    LRP(new Lrp()),
    MEANINGFUL_PERTURBATION(
        new MeaningfulPerturbation(),
        Map.of(
            "fong",
            MeaningfulPerturbation.fong(),
            "mp-g",
            MeaningfulPerturbation.mpG(),
            "sam",
            MeaningfulPerturbation.sam())),
    NOISE_TUNNEL(new NoiseTunnel()),
    OCCLUSION(new Occlusion()),
    OPTIMAL_INFIDELITY(new OptimalInfidelity()),
    PARTITION_SHAP(new PartitionShap()),
    PDA(new PredictionDifference()),
    RANDOM_MAP(new RandomMap()),
    RECTGRAD(new RectGrad()),
    RISE(new Rise()),
    SCORE_CAM(new ScoreCam()),
    SHAPLEY_SAMPLING(new ShapleySampling()),
    SLIDING_PATCH(new SlidingPatch(), Map.of("sp-g", SlidingPatch.spG())),
    SMOOTHGRAD(new SmoothGrad()),
    SOBEL(new Sobel()),
    SOBOL_INDICES(new SobolIndices()),
    XGRAD_CAM(new XGradCam()),
    XRAI(new Xrai());

    final Method defaults;

    /** Published settings, by the word that parameter preset takes. */
    final Map<String, Method> presets;

    Entry(Method defaults) {
      this(defaults, Map.of());
    }

    Entry(Method defaults, Map<String, Method> presets) {
      this.defaults = defaults;
      this.presets = new TreeMap<>(presets);
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What a spec starts from: a preset; of relevance rules, the composite's defaults. */
    Method defaults(Spec s) {
      if (!presets.isEmpty()) {
        List<String> words = new ArrayList<>(presets.keySet());
        words.add("none");
        return presets.getOrDefault(s.choice("preset", "none", words), defaults);
      }
      return defaults instanceof Lrp l
          ? new Lrp(Parameters.choice(s, "composite", l.composite()))
          : defaults;
    }
  }

  private Methods() {}

  public static List<String> names() {
    return Arrays.stream(Entry.values()).map(Entry::text).toList();
  }

  /** The method's name, as {@link #parse} takes it. */
  public static String name(Method method) {
    for (Entry e : Entry.values()) {
      if (e.defaults.getClass() == method.getClass()) {
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
    return parse(text, Path.of(""));
  }

  /**
   * The same.
   *
   * @param folder where names of files start
   */
  public static Method parse(String text, Path folder) {
    Spec spec = Spec.parse(text);
    for (Entry e : Entry.values()) {
      if (e.name().equalsIgnoreCase(spec.name().replace('-', '_'))) {
        Record defaults = (Record) e.defaults(spec);
        Method method = (Method) Parameters.read(spec, defaults, reader(folder));
        spec.finish();
        return method;
      }
    }
    throw CandelaException.of(
        "method: unknown '%s'; known are %s", spec.name(), String.join(", ", names()));
  }

  /** What the listed method takes, with defaults: key=value, key=value. */
  public static String usage(String name) {
    return parameters(parse(name)).entrySet().stream()
        .map(Map.Entry::toString)
        .collect(Collectors.joining(", "));
  }

  /**
   * Names that tell methods apart: of one that is there with other parameters too,
   * NAME:key=value,key=value of those in which they differ.
   */
  public static List<String> names(List<Method> methods) {
    return Parameters.names(
        methods.stream().map(Methods::name).toList(), methods.stream().map(Methods::read).toList());
  }

  /** Parameters that are read and can be written as text: key=value, key=value. */
  public static String text(Method method) {
    return read(method).entrySet().stream()
        .map(Map.Entry::toString)
        .collect(Collectors.joining(", "));
  }

  /** Parameters that are read, in the order of the record. */
  private static Map<String, Object> read(Method method) {
    Map<String, Object> values = parameters(method);
    Map<String, Object> read = new LinkedHashMap<>(values);
    read.entrySet()
        .removeIf(
            e ->
                e.getValue().equals("")
                    || !Features.reads(values, e.getKey())
                    || e.getKey().equals("inpainter") && !values.get("fill").equals("inpaint"));
    return read;
  }

  /** Parameters with their values, in the order of the record; for provenance. */
  public static Map<String, Object> parameters(Method method) {
    return values(method);
  }

  /** By component; features count as parameters of the method itself. */
  private static Map<String, Object> values(Object record) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (var c : record.getClass().getRecordComponents()) {
      try {
        Object v = c.getAccessor().invoke(record);
        if (v instanceof Features f) {
          values.putAll(values(f));
        } else {
          values.put(c.getName(), plain(v));
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return values;
  }

  private static Object plain(Object v) {
    return switch (v) {
      case Enum<?> e -> e.name().toLowerCase(Locale.ROOT);
      case Method m -> '"' + name(m) + ":" + text(m) + '"';
      case Baseline b -> Spec.quoted(b.text());
      case GivenArray a -> Spec.quoted(a.text());
      case Inpainter i -> Spec.quoted(i.text());
      default -> v;
    };
  }

  private static Parameters.Reader reader(Path folder) {
    return (s, key, otherwise) ->
        switch (otherwise) {
          case Features v -> Parameters.read(s, v.chosenBy(s.given()), reader(folder));
          case Method v -> parsed(s, key, v, text -> parse(text, folder));
          case Baseline v -> parsed(s, key, v, text -> Baseline.parse(text, folder));
          case GivenArray v -> parsed(s, key, v, text -> GivenArray.parse(key, text, folder));
          case Inpainter v -> parsed(s, key, v, text -> Inpainter.parse(text, folder));
          default -> Parameters.value(s, key, otherwise);
        };
  }

  private static <T> T parsed(Spec s, String key, T otherwise, Function<String, T> parse) {
    String text = s.text(key, null);
    return text == null ? otherwise : parse.apply(text);
  }
}
