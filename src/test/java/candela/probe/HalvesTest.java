package candela.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.OutOfMemory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HalvesTest {
  /** There is room for two images at once, and none for the one of this number. */
  private static List<Integer> found(int none, List<List<Integer>> asked) {
    return Halves.of(
        List.of(1, 2, 3, 4, 5, 6, 7),
        part -> {
          asked.add(List.copyOf(part));
          if (part.size() > 2 || part.contains(none)) {
            throw new OutOfMemory("no room for " + part.size());
          }
          return part.stream().map(i -> 10 * i).toList();
        });
  }

  @Test
  void imagesThatHaveNoRoomAtOnceAreExplainedInHalves() {
    List<List<Integer>> asked = new ArrayList<>();
    assertThat(found(0, asked)).containsExactly(10, 20, 30, 40, 50, 60, 70);
    assertThat(asked.stream().filter(part -> part.size() < 3))
        .containsExactly(List.of(1, 2), List.of(3, 4), List.of(5, 6), List.of(7));
  }

  @Test
  void anImageThatHasNoRoomAloneIsTold() {
    assertThatThrownBy(() -> found(4, new ArrayList<>()))
        .isInstanceOf(OutOfMemory.class)
        .hasMessage("no room for 1");
  }
}
