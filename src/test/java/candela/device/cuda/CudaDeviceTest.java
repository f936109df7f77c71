package candela.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import candela.TestDevice;
import candela.device.Device;
import candela.device.Memory;
import candela.device.OutOfMemory;
import candela.device.Recording;
import candela.device.Work;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What only a card does; skipped where {@code candela.device} names none. */
@Tag("kernel")
class CudaDeviceTest {
  /** Bytes that one copy goes through at a time, and all that are under way, down and up. */
  private static final int PIECE = 256 << 10;

  private static final int DOWN = 16 << 20;

  private static final int UP = 2 << 20;

  private Device device;

  @BeforeEach
  void open() {
    assumeFalse(TestDevice.isCpu(), "skipped: needs a card, -Dcandela.device=cuda:0");
    device = TestDevice.open(1);
  }

  @AfterEach
  void close() {
    if (device != null) {
      device.close();
    }
  }

  @Test
  void memoryIsZeroAlsoWhereItWasUsedBefore() {
    for (int bytes : new int[] {0, 1, 63, 1003, (1 << 20) + 3}) {
      for (int time = 0; time < 3; time++) {
        try (Memory memory = device.allocate(bytes)) {
          assertThat(memory.bytes()).isEqualTo(bytes);
          assertThat(memory.segment().address() % 64).isZero();
          assertThat(read(memory.segment()))
              .as("%d bytes, time %d", bytes, time)
              .isEqualTo(new byte[bytes]);
          byte[] ones = new byte[bytes];
          Arrays.fill(ones, (byte) 1);
          write(memory.segment(), ones);
        }
      }
    }
  }

  @Test
  void copiesOfAnySizeArriveWhole() {
    for (int bytes :
        new int[] {
          1, 3, 511, 4097, PIECE - 1, PIECE, PIECE + 1, UP, UP + 7, DOWN - 1, DOWN, 2 * DOWN + 5
        }) {
      byte[] values = new byte[bytes];
      new Random(bytes).nextBytes(values);
      try (Memory memory = device.allocate(bytes + 2)) {
        write(memory.segment().asSlice(1, bytes), values);
        byte[] all = read(memory.segment());
        assertThat(Arrays.equals(all, 1, bytes + 1, values, 0, bytes)).as("%d", bytes).isTrue();
        assertThat(all[0]).as("before %d", bytes).isZero();
        assertThat(all[bytes + 1]).as("after %d", bytes).isZero();
      }
    }
  }

  /**
   * 31 MB in pieces, more than is held back for copies under way; each source is reused at once.
   */
  @Test
  void manySmallCopiesDoNotOverwriteEachOther() {
    int bytes = 100_003;
    int copies = 310;
    byte[] values = new byte[bytes];
    try (Memory memory = device.allocate((long) copies * bytes)) {
      for (int i = 0; i < copies; i++) {
        Arrays.fill(values, (byte) i);
        write(memory.segment().asSlice((long) i * bytes, bytes), values);
      }
      for (int i = 0; i < copies; i++) {
        Arrays.fill(values, (byte) i);
        assertThat(read(memory.segment().asSlice((long) i * bytes, bytes)))
            .as("copy %d", i)
            .isEqualTo(values);
      }
    }
  }

  /** More at a time than the device holds back, overtaken by later work and taken out of order. */
  @Test
  void whatIsCopiedOutLaterIsWhatWasThereThen() {
    for (int n : new int[] {1, 1003, 65_536, 65_537}) {
      List<Runnable> arrivals = new ArrayList<>();
      float[][] got = new float[40][n];
      try (Memory memory = device.allocate(4L * n)) {
        for (int round = 0; round < 2; round++) {
          arrivals.clear();
          for (int i = 0; i < got.length; i++) {
            device.kernels().elementwise().fill(n, round + 2.5f * i, memory.segment());
            arrivals.add(device.copyOutLater(memory.segment(), MemorySegment.ofArray(got[i])));
          }
          device.kernels().elementwise().fill(n, -1, memory.segment());
          arrivals.reversed().forEach(Runnable::run);
          for (int i = 0; i < got.length; i++) {
            float[] wanted = new float[n];
            Arrays.fill(wanted, round + 2.5f * i);
            assertThat(got[i]).as("%d of %d", i, n).isEqualTo(wanted);
          }
        }
      }
    }
  }

  /** Long enough to go on streams of their own while the card is at work, 0.1 ms before each. */
  @Test
  void copiesBesideWorkKeepItsOrder() {
    int n = 60_000;
    int much = 1 << 26;
    List<Runnable> arrivals = new ArrayList<>();
    float[][] got = new float[100][n];
    float[] values = new float[n];
    try (Memory memory = device.allocate(4L * n);
        Memory work = device.allocate(4L * much)) {
      for (int i = 0; i < got.length; i++) {
        device.kernels().elementwise().fill(much, i, work.segment());
        Arrays.fill(values, i);
        device.copyIn(MemorySegment.ofArray(values), memory.segment());
        Arrays.fill(values, -1);
        arrivals.add(device.copyOutLater(memory.segment(), MemorySegment.ofArray(got[i])));
        device.kernels().elementwise().fill(n, -1, memory.segment());
      }
      arrivals.forEach(Runnable::run);
    }
    for (int i = 0; i < got.length; i++) {
      Arrays.fill(values, i);
      assertThat(got[i]).as("copy %d", i).isEqualTo(values);
    }
  }

  /**
   * Sent, read and read later in a drawn order: a place for copies is taken again only where it is
   * free.
   */
  @Test
  void copiesInAnyOrderAreOfWhatWasThereThen() {
    var random = new Random(5);
    int n = 100_000;
    float[] there = new float[n];
    List<Runnable> arrivals = new ArrayList<>();
    List<float[]> got = new ArrayList<>();
    List<float[]> wanted = new ArrayList<>();
    try (Memory memory = device.allocate(4L * n)) {
      for (int step = 0; step < 1000; step++) {
        int length = 1 + random.nextInt(60_000);
        int from = random.nextInt(n - length);
        MemorySegment part = memory.segment().asSlice(4L * from, 4L * length);
        int kind = random.nextInt(8);
        if (kind < 4) {
          Arrays.fill(there, from, from + length, step);
          float[] values = Arrays.copyOfRange(there, from, from + length);
          device.copyIn(MemorySegment.ofArray(values), part);
        } else if (kind < 7 && arrivals.size() == 3) {
          arrivals.remove(random.nextInt(3)).run();
        } else {
          got.add(new float[length]);
          wanted.add(Arrays.copyOfRange(there, from, from + length));
          var to = MemorySegment.ofArray(got.getLast());
          if (kind == 7) {
            device.copyOut(part, to);
          } else {
            arrivals.add(device.copyOutLater(part, to));
          }
        }
      }
      arrivals.forEach(Runnable::run);
      for (int i = 0; i < got.size(); i++) {
        assertThat(got.get(i)).as("copy %d", i).isEqualTo(wanted.get(i));
      }
    }
  }

  /** y = x + x, then y = y + x: the first run is plain, the second recorded, the third replayed. */
  @Test
  void aRecordingGivesTheSameAtEachRunAndSeesNewInputs() {
    int n = 1003;
    try (Memory x = device.allocate(4 * n);
        Memory y = device.allocate(4 * n);
        Recording recording =
            device.record(
                () -> {
                  var e = device.kernels().elementwise();
                  e.add(n, x.segment(), x.segment(), y.segment());
                  e.add(n, y.segment(), x.segment(), y.segment());
                })) {
      for (int run = 1; run <= 4; run++) {
        float[] values = new float[n];
        float[] wanted = new float[n];
        for (int i = 0; i < n; i++) {
          values[i] = i * (run < 4 ? 1 : -2);
          wanted[i] = 3 * values[i];
        }
        device.copyIn(MemorySegment.ofArray(values), x.segment());
        device.copyIn(MemorySegment.ofArray(new float[n]), y.segment());
        recording.run();
        float[] got = new float[n];
        device.copyOut(y.segment(), MemorySegment.ofArray(got));
        assertThat(got).as("run %d", run).isEqualTo(wanted);
      }
    }
  }

  /** a = 2x, then b = a + x beside c = 2a, beside e = 2x; then f = b + c, then d = f + e = 9x. */
  @Test
  void piecesSideBySideGiveTheSameAtEachRun() {
    int n = 1003;
    try (Memory memory = device.allocate(7L * 4 * n)) {
      MemorySegment[] at = new MemorySegment[7];
      for (int i = 0; i < at.length; i++) {
        at[i] = memory.segment().asSlice(4L * n * i, 4L * n);
      }
      var e = device.kernels().elementwise();
      List<Work> pieces =
          List.of(
              new Work(() -> e.add(n, at[0], at[0], at[1])),
              new Work(() -> e.add(n, at[0], at[0], at[5]), 2, List.of()),
              new Work(() -> e.add(n, at[1], at[0], at[2])),
              new Work(() -> e.add(n, at[1], at[1], at[3]), 1, List.of(0)),
              new Work(() -> e.add(n, at[2], at[3], at[6]), 3, List.of(2, 3)),
              new Work(() -> e.add(n, at[6], at[5], at[4]), 0, List.of(1, 4)));
      for (boolean chosen : new boolean[] {false, true}) {
        try (Recording recording = device.record("lanes of a test " + chosen, pieces)) {
          for (int run = 1; run <= 5; run++) {
            float[] values = new float[n];
            float[][] wanted = new float[2][n];
            for (int i = 0; i < n; i++) {
              values[i] = i * (run % 2 == 0 ? 1 : -2);
              wanted[0][i] = 9 * values[i];
              wanted[1][i] = 2 * values[i];
            }
            device.copyIn(MemorySegment.ofArray(values), at[0]);
            recording.run();
            float[][] got = new float[2][n];
            device.copyOut(at[4], MemorySegment.ofArray(got[0]));
            device.copyOut(at[5], MemorySegment.ofArray(got[1]));
            assertThat(got).as("chosen: %s, run %d", chosen, run).isDeepEqualTo(wanted);
            if (chosen && run == 1) {
              recording.choose(() -> {});
            }
          }
        }
      }
    }
  }

  /** Of twelve algorithms the first few cannot run, and two of the others are enough. */
  @Test
  void algorithmsThatCannotRunAreNotAmongThoseCompared() {
    Measured measured = ((CudaDense) device.dense()).measured();
    try (Memory to = device.allocate(12)) {
      for (int unable : new int[] {2, 8}) {
        Set<Integer> tried = new TreeSet<>();
        // A card's choices are kept in a file: those of the test's last run, too.
        String name = "a test with " + unable + " at " + System.nanoTime();
        int best =
            measured.best(
                name,
                12,
                2,
                to.segment(),
                12,
                (i, at) -> {
                  tried.add(i);
                  if (i < unable) {
                    throw new CandelaException("not this one");
                  }
                  device.kernels().elementwise().fill(3, i, at);
                });
        if (unable == 2) {
          assertThat(best).isBetween(2, 3);
          assertThat(tried).containsExactly(0, 1, 2, 3);
        } else {
          assertThat(best).isNegative();
          assertThat(tried).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        }
      }
    }
  }

  /** In a lane that has forked: it is joined all the same. */
  @Test
  void whatFailsBesideOthersIsToldAndTheDeviceGoesOn() {
    try (Memory x = device.allocate(12);
        Memory y = device.allocate(12)) {
      var e = device.kernels().elementwise();
      Runnable fill = () -> e.fill(3, 2.5f, x.segment());
      for (Runnable bad :
          List.<Runnable>of(() -> read(y.segment()), () -> device.allocate(8).close())) {
        List<Work> pieces =
            List.of(
                new Work(fill),
                new Work(() -> e.fill(3, 1, y.segment()), 1, List.of(0)),
                new Work(bad, 1, List.of()),
                new Work(fill, 0, List.of(2)));
        try (Recording recording = device.record("a test that fails", pieces)) {
          recording.run(); // plainly
          for (int i = 0; i < 2; i++) {
            assertThatThrownBy(recording::run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("within recorded work");
          }
        }
        fill.run();
        float[] got = new float[3];
        device.copyOut(x.segment(), MemorySegment.ofArray(got));
        assertThat(got).containsExactly(2.5f, 2.5f, 2.5f);
      }
    }
  }

  @Test
  void aCopyWithinRecordedWorkIsRefusedAndTheDeviceGoesOn() {
    try (Memory x = device.allocate(4);
        Recording in = device.record(() -> write(x.segment(), new byte[] {1, 2, 3, 4}));
        Recording out = device.record(() -> read(x.segment()))) {
      for (Recording recording : new Recording[] {in, out}) {
        recording.run(); // plainly: nothing is recorded yet
        assertThatThrownBy(recording::run)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("a copy to or from the host within recorded work");
      }
      assertThat(read(x.segment())).containsExactly(1, 2, 3, 4);
    }
  }

  @Test
  void withoutRoomTheDeviceSaysSoAndGoesOn() {
    long free = device.freeBytes();
    for (long bytes : new long[] {free + (1L << 30), 1L << 60}) {
      assertThatThrownBy(() -> device.allocate(bytes))
          .isInstanceOf(OutOfMemory.class)
          .hasMessageContaining("use a smaller batch");
    }
    assertThatThrownBy(() -> device.allocate(-1)).isInstanceOf(CandelaException.class);
    try (Memory y = device.allocate(12)) {
      device.kernels().elementwise().fill(3, 2.5f, y.segment());
      float[] got = new float[3];
      device.copyOut(y.segment(), MemorySegment.ofArray(got));
      assertThat(got).containsExactly(2.5f, 2.5f, 2.5f);
    }
  }

  @Test
  void anotherThreadGoesOnWithWhateverItCallsFirst() throws InterruptedException {
    try (Memory y = device.allocate(12);
        Recording fill =
            device.record(() -> device.kernels().elementwise().fill(3, 2.5f, y.segment()))) {
      List<Runnable> first =
          List.of(
              () -> device.kernels().elementwise().fill(3, 2.5f, y.segment()),
              fill::run,
              fill::run,
              () -> assertThat(device.freeBytes()).isPositive(),
              () -> device.allocate(1).close());
      for (int i = 0; i < first.size(); i++) {
        write(y.segment(), new byte[12]);
        List<Throwable> thrown = new ArrayList<>();
        Thread other = new Thread(first.get(i));
        other.setUncaughtExceptionHandler((t, e) -> thrown.add(e));
        other.start();
        other.join();
        assertThat(thrown).as("call %d", i).isEmpty();
        if (i < 3) {
          float[] got = new float[3];
          device.copyOut(y.segment(), MemorySegment.ofArray(got));
          assertThat(got).as("call %d", i).containsExactly(2.5f, 2.5f, 2.5f);
        }
      }
    }
  }

  @Test
  void freedMemoryIsCountedAsFree() {
    long free = device.freeBytes();
    List<Memory> blocks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      blocks.add(device.allocate(5 << 20));
    }
    assertThat(device.freeBytes()).isLessThanOrEqualTo(free - 3 * (5 << 20));
    long before = device.freeBytes();
    blocks.forEach(Memory::close);
    assertThat(device.freeBytes()).isGreaterThanOrEqualTo(before + 3 * (5 << 20));
  }

  @Test
  void closedMemoryIsNotGivenOut() {
    Memory memory = device.allocate(8);
    memory.close();
    memory.close();
    assertThatThrownBy(memory::segment)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("used after it was closed");
    // Freed once: two blocks of that size are two.
    try (Memory a = device.allocate(8);
        Memory b = device.allocate(8)) {
      assertThat(a.segment().address()).isNotEqualTo(b.segment().address());
    }
  }

  private void write(MemorySegment to, byte[] values) {
    device.copyIn(MemorySegment.ofArray(values), to);
  }

  private byte[] read(MemorySegment from) {
    byte[] values = new byte[(int) from.byteSize()];
    device.copyOut(from, MemorySegment.ofArray(values));
    return values;
  }
}
