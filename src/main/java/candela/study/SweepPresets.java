package candela.study;

import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sweeps of SAM (Bansal, Agarwal and Nguyen 2020), from its scripts, for images of 224 x 224.
 *
 * <p><b>Differences:</b> SAM's scripts take the sample counts of SmoothGrad and the other
 * superpixels of LIME from elsewhere; here they are 50, 100, 200, 500 and 800, and 30 to 70
 * segments. Fills of LIME, which SAM's scripts leave out, are not in {@code sam-all}.
 */
final class SweepPresets {
  private static final Map<String, String> SWEEPS = new LinkedHashMap<>();
  private static final Map<String, List<String>> GROUPS = new LinkedHashMap<>();

  static {
    SWEEPS.put("sam-sg-samples", "smoothgrad:samples=[50*,100,200,500,800],channels=mean");
    SWEEPS.put("sam-sg-spread", "smoothgrad:spread=[0.1,0.2*,0.3],channels=mean");
    SWEEPS.put("sam-sp-fine", "sliding-patch:patch=[5,6*,7]");
    SWEEPS.put("sam-sp-large", "sliding-patch:patch=[5,17,29*,41,53]");
    SWEEPS.put("sam-sp-small", "sliding-patch:patch=[52,53*,54]");
    SWEEPS.put("sam-lime-samples", "lime:preset=sam,samples=[500,1000*]");
    SWEEPS.put("sam-lime-seed", "lime:preset=sam,seed=[0*,1,2,3,4]");
    SWEEPS.put("sam-lime-superpixels", "lime:preset=sam,segments=[30,40,50*,60,70]");
    SWEEPS.put("sam-lime-fill", "lime:preset=sam,fill=[black*,grey,random,superpixel_mean]");
    String mp = "meaningful-perturbation:preset=sam,";
    SWEEPS.put("sam-mp-start", mp + "start=[circular*,random,ones]");
    SWEEPS.put("sam-mp-iterations", mp + "iterations=[10,150,300*,450]");
    SWEEPS.put("sam-mp-blur", mp + "blur=[5,10*,30]");
    SWEEPS.put("sam-mp-seed", mp + "seed=[0*,1,2,3,4]");
    GROUPS.put("sam-sg", List.of("sam-sg-samples", "sam-sg-spread"));
    GROUPS.put(
        "sam-all", SWEEPS.keySet().stream().filter(name -> !name.equals("sam-lime-fill")).toList());
  }

  private SweepPresets() {}

  static List<String> names() {
    List<String> names = new ArrayList<>(GROUPS.keySet());
    names.addAll(SWEEPS.keySet());
    return names;
  }

  static boolean has(String name) {
    return SWEEPS.containsKey(name) || GROUPS.containsKey(name);
  }

  static List<Sweep> of(String name) {
    if (!has(name)) {
      throw CandelaException.of(
          "sweep: unknown '%s'; known are %s", name, String.join(", ", names()));
    }
    return GROUPS.getOrDefault(name, List.of(name)).stream()
        .map(n -> Sweep.parse(n, SWEEPS.get(n), Path.of("")))
        .toList();
  }

  /** A preset of one sweep, under another name. */
  static Sweep named(String name, String preset) {
    List<Sweep> all = of(preset);
    if (all.size() > 1) {
      throw CandelaException.of(
          "%s: one sweep expected, %s is %d with names of their own; leave out '%s:'",
          name, preset, all.size(), name);
    }
    return new Sweep(name, all.getFirst().settings(), all.getFirst().baseline());
  }
}
