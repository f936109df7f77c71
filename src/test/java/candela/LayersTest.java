package candela;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Who may import whom. A new package is entered in {@link #layers}. */
class LayersTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("candela");

  /** Package → the packages of ours that it may import, itself aside. */
  private static Map<String, Set<String>> layers() {
    var layers = new TreeMap<String, Set<String>>();
    layers.put("tensor", Set.of());
    layers.put("image", Set.of("tensor"));
    layers.put("config", Set.of("tensor"));
    layers.put("onnx", Set.of("tensor"));
    layers.put("device", Set.of("tensor"));
    layers.put("graph", with(layers, "onnx", "device"));
    layers.put("probe", with(layers, "graph", "rule", "image", "config"));
    layers.put("rule", with(layers, "graph", "config"));
    layers.put("method", with(layers, "probe", "rule"));
    layers.put("metric", with(layers, "probe", "rule"));
    layers.put("train", with(layers, "probe", "rule"));
    layers.put("sanity", with(layers, "method", "metric"));
    layers.put("roar", with(layers, "method", "metric", "train"));
    layers.put("study", with(layers, "method", "metric", "train", "report"));
    layers.put("report", with(layers, "method", "metric", "train"));
    layers.put("serve", with(layers, "sanity", "roar", "study", "report"));
    layers.put("cli", with(layers, "sanity", "roar", "study", "report"));
    return layers;
  }

  private static Set<String> with(Map<String, Set<String>> layers, String... names) {
    var all = new TreeSet<String>();
    for (String name : names) {
      all.add(name);
      all.addAll(layers.getOrDefault(name, Set.of()));
    }
    return all;
  }

  @Test
  void everyPackageHasALayer() {
    var found = new TreeSet<String>();
    for (JavaClass type : CLASSES) {
      found.add(layer(type));
    }
    assertThat(found).isNotEmpty();
    assertThat(layers().keySet()).containsAll(found);
  }

  @Test
  void importsPointDownwards() {
    layers()
        .forEach(
            (name, allowed) -> {
              var forbidden =
                  DescribedPredicate.<JavaClass>describe(
                      "are ours and not in " + allowed,
                      type ->
                          type.getPackageName().startsWith("candela.")
                              && !layer(type).equals(name)
                              && !allowed.contains(layer(type)));
              check(
                  noClasses()
                      .that()
                      .resideInAPackage("candela." + name + "..")
                      .should()
                      .dependOnClassesThat(forbidden));
            });
  }

  @Test
  void onlyTheDeviceCallsNativeCode() {
    var foreign =
        DescribedPredicate.<JavaClass>describe(
            "are in java.lang.foreign, MemorySegment aside",
            type ->
                type.getPackageName().equals("java.lang.foreign")
                    && !type.getSimpleName().equals("MemorySegment"));
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("candela.device..")
            .should()
            .dependOnClassesThat(foreign));
  }

  @Test
  void onlyTheCudaDeviceKnowsJcuda() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("candela.device.cuda..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jcuda.."));
  }

  @Test
  void onlyTheCommandLinePrints() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("candela.cli..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace"));
  }

  /** "device" of candela.device.cpu.CpuDevice. */
  private static String layer(JavaClass type) {
    String[] parts = type.getPackageName().split("\\.");
    return parts.length > 1 ? parts[1] : "";
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(CLASSES);
  }
}
