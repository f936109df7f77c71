package candela.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FreeMemoryTest {
  /** 3 KiB are 3072 bytes. */
  @Test
  void theMachineTellsItInKibibytes() {
    assertThat(FreeMemory.machine(List.of("MemTotal:  9 kB", "MemAvailable:    3 kB")))
        .isEqualTo(3072);
    assertThat(FreeMemory.machine(List.of())).isGreaterThan(1L << 60);
  }

  /** 1000 allowed, 700 used, of which 200 are file cache: 1000 - 700 + 200. */
  @Test
  void aContainerHasItsLimitLessWhatItUsesItself() {
    assertThat(
            FreeMemory.container(
                List.of("1000"), List.of("700"), List.of("anon 5", "inactive_file 200")))
        .isEqualTo(500);
    assertThat(FreeMemory.container(List.of("max"), List.of("700"), List.of()))
        .isEqualTo(Long.MAX_VALUE);
    assertThat(FreeMemory.container(List.of(), List.of(), List.of())).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void moreThanThereIsGivesASentence() {
    try (var device = new CpuDevice(1)) {
      assertThatThrownBy(() -> device.allocate(1L << 50))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("1,073,741,824 MiB of memory needed");
    }
  }
}
