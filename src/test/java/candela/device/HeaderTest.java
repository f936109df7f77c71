package candela.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What native/candela.h declares is what Java binds, with the same names and numbers. */
@Tag("kernel")
class HeaderTest {
  /** The families of kernels, by the comment that opens each section of the header. */
  private static final List<String> FAMILIES =
      List.of(
          "elementwise",
          "gate",
          "convolve",
          "transpose_few",
          "convolve_few",
          "widen",
          "convert",
          "fold",
          "broadcast",
          "reduce",
          "softmax",
          "norm",
          "pool",
          "move",
          "resample",
          "sample",
          "noise",
          "mask",
          "blend",
          "blur",
          "score",
          "learn",
          "attack",
          "relevance",
          "pair",
          "rectify");

  private static String header() {
    try {
      return Files.readString(Path.of("native/candela.h"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Set<String> declared() {
    var names = new TreeSet<String>();
    String family = "";
    for (String line : header().lines().toList()) {
      var section = Pattern.compile("/\\* ---- (\\w+) ---- \\*/").matcher(line);
      var entry = Pattern.compile("^int (cd_\\w+)\\(").matcher(line);
      if (section.matches()) {
        family = section.group(1);
      } else if (FAMILIES.contains(family) && entry.find()) {
        names.add(entry.group(1));
      }
    }
    return names;
  }

  private static String camel(String entry) {
    return Pattern.compile("_(.)")
        .matcher(entry.substring(3))
        .replaceAll(m -> m.group(1).toUpperCase(Locale.ROOT));
  }

  private static Method getter(String family) throws NoSuchMethodException {
    return Kernels.class.getMethod(camel("cd_" + family));
  }

  @Test
  void everyKernelDeclaredIsBoundAndNoOther() throws ReflectiveOperationException {
    Library library = Library.open("cpu");
    Set<String> before = library.bound();
    var kernels = new Kernels(library, MemorySegment.NULL);
    for (String family : FAMILIES) {
      getter(family).invoke(kernels);
    }
    Set<String> bound = library.bound();
    bound.removeAll(before);
    assertThat(bound).isEqualTo(declared());
  }

  @Test
  void everyKernelDeclaredIsAMethodOfThatName() throws ReflectiveOperationException {
    var methods = new TreeSet<String>();
    for (String family : FAMILIES) {
      Class<?> type = getter(family).getReturnType();
      Stream.of(type.getDeclaredMethods())
          .filter(m -> Modifier.isPublic(m.getModifiers()))
          .filter(m -> !Modifier.isStatic(m.getModifiers()))
          .forEach(m -> methods.add(m.getName()));
    }
    assertThat(methods)
        .isEqualTo(new TreeSet<>(declared().stream().map(HeaderTest::camel).toList()));
  }

  @Test
  void kindsHaveTheNumbersOfTheHeader() {
    assertThat(kinds("CD_UNARY_KINDS")).isEqualTo(names(Unary.values(), "CD_"));
    assertThat(kinds("CD_BINARY_KINDS")).isEqualTo(names(Binary.values(), "CD_"));
    assertThat(kinds("CD_REDUCE_KINDS")).isEqualTo(names(Reduction.values(), "CD_REDUCE_"));
    assertThat(kinds("CD_SAMPLE_MODES")).isEqualTo(names(Sample.Mode.values(), "CD_SAMPLE_"));
    assertThat(kinds("CD_PADDINGS")).isEqualTo(names(Sample.Padding.values(), "CD_PADDING_"));
    assertThat(Arrays.stream(Unary.values()).map(Unary::code))
        .isEqualTo(Stream.iterate(0, i -> i + 1).limit(Unary.values().length).toList());
  }

  @Test
  void convolutionsHaveTheVariantsOfTheHeader() {
    assertThat(header())
        .contains(
            "CD_CONVOLVE_VARIANTS = " + Convolve.VARIANTS + " ",
            "CD_CONVOLVE_FEW_VARIANTS = " + ConvolveFew.VARIANTS + " ");
  }

  private static List<String> names(Enum<?>[] values, String prefix) {
    return Arrays.stream(values).map(v -> prefix + v.name()).toList();
  }

  /** Constants of the enum that ends with this one, itself left out. */
  private static List<String> kinds(String last) {
    var m = Pattern.compile("enum \\{([^}]*), " + last + "\\s*\\}").matcher(header());
    assertThat(m.find()).as(last).isTrue();
    var names = new ArrayList<String>();
    for (String name : m.group(1).split(",", -1)) {
      names.add(name.strip());
    }
    return names;
  }
}
