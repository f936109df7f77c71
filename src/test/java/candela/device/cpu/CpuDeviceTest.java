package candela.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.Device;
import candela.device.Devices;
import candela.device.Memory;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class CpuDeviceTest {
  private final Device device = Devices.open("cpu", 1);

  @AfterEach
  void close() {
    device.close();
  }

  @Test
  void memoryIsZeroAlignedAndAsLongAsAskedFor() {
    for (long bytes : new long[] {0, 1, 63, 64, 1 << 20, (1 << 20) + 3, 5 << 20}) {
      try (Memory memory = device.allocate(bytes)) {
        MemorySegment s = memory.segment();
        assertThat(s.address() % 64).isZero();
        assertThat(memory.bytes()).isEqualTo(bytes);
        assertThat(s.mismatch(MemorySegment.ofArray(new byte[(int) bytes]))).isEqualTo(-1);
        s.fill((byte) 1);
      }
    }
  }

  @Test
  void closedMemoryCannotBeRead() {
    Memory memory = device.allocate(8);
    MemorySegment s = memory.segment();
    memory.close();
    assertThatThrownBy(() -> s.get(ValueLayout.JAVA_INT, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aClosedDeviceRunsNothing() {
    try (Device other = Devices.open("cpu", 2);
        Memory memory = other.allocate(64)) {
      other.close();
      assertThatThrownBy(() -> other.kernels().elementwise().fill(16, 1, memory.segment()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the device is closed");
      MemorySegment one = memory.segment();
      assertThatThrownBy(
              () -> other.dense().multiply(1, 1, 1, 1, false, false, 1, 1, 1, false, one, one, one))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void impossibleMemoryIsRefusedInOneSentence() {
    assertThatThrownBy(() -> device.allocate(1L << 60))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("use a smaller batch");
    assertThatThrownBy(() -> device.allocate(-1)).isInstanceOf(CandelaException.class);
  }

  @Test
  void whatIsWrittenIsRead() {
    float[] values = {1, -2, Float.NaN};
    try (Memory memory = device.allocate(64)) {
      var tensor = new Tensor(Shape.of(3), memory.segment());
      device.write(tensor, values);
      assertThat(device.read(tensor)).isEqualTo(values);
    }
  }

  @Test
  void copiesOfUnequalLengthAreRefused() {
    try (Memory a = device.allocate(8);
        Memory b = device.allocate(4)) {
      assertThatThrownBy(() -> device.copyIn(a.segment(), b.segment()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void threadsAreNeverMoreThanTheCores() {
    int cores = Runtime.getRuntime().availableProcessors();
    for (int asked : new int[] {0, 1, 2, 10_000}) {
      try (Device other = Devices.open("cpu", asked)) {
        assertThat(other.threads()).isEqualTo(asked == 0 ? cores : Math.min(asked, cores));
      }
    }
    assertThatThrownBy(() -> Devices.open("cpu", -1))
        .isInstanceOf(CandelaException.class)
        .hasMessage("threads: must be 0 (all cores) or more, is -1");
  }

  @Test
  void anUnknownDeviceIsRefused() {
    assertThatThrownBy(() -> Devices.open("tpu", 0))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "device: auto, cpu, cuda:0, cuda:1, … expected, got 'tpu'; candela devices tells what"
                + " is there");
  }

  @Test
  void theDescriptionNamesProcessorInstructionSetAndOneDnn() {
    assertThat(device.name()).isEqualTo("cpu");
    assertThat(Arrays.asList(device.describe().split(", ")))
        .hasSizeGreaterThanOrEqualTo(3)
        .allMatch(part -> !part.isBlank());
  }

  @Test
  void aDeviceCanBeClosedTwice() {
    device.close();
    device.close();
  }
}
