package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every listed method has a case worked by hand, and gives what it says. */
class MethodTest {
  /** Float rounding of a handful of operations. */
  private static final Offset<Float> ROUNDING = Offset.offset(1e-4f);

  @TempDir Path folder;

  static List<MethodCase> cases() {
    return Stream.of(GradientCases.all(), ScoreCases.all()).flatMap(List::stream).toList();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void caseWorkedByHand(MethodCase c) {
    Path file = c.net().in(folder);
    Subject subject = new Subject(c.net().shape(), c.x(), 0);
    Attribution a = Maps.of(file, 4, c.method(), subject);
    assertThat(a.values()).containsExactly(c.expected(), ROUNDING);
  }

  /** What runs write of them is the same in each: Map.of has another order in each. */
  @ParameterizedTest
  @MethodSource("cases")
  void notesComeInAFixedOrder(MethodCase c) {
    Path file = c.net().in(folder);
    var notes = Maps.of(file, 4, c.method(), new Subject(c.net().shape(), c.x(), 0)).notes();
    assertThat(notes.size() < 2 || notes instanceof SequencedMap)
        .as("%s of %s", notes, notes.getClass())
        .isTrue();
  }

  @Test
  void everyMethodHasACaseWorkedByHand() {
    assertThat(cases().stream().map(c -> Methods.name(c.method())).distinct())
        .containsExactlyInAnyOrderElementsOf(Methods.names());
  }
}
