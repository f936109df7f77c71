package candela.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Device;
import candela.device.Devices;
import candela.device.Memory;
import candela.device.Printed;
import candela.tensor.Storage;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where threads share an image, every bit is the one that a single thread writes. */
@Tag("kernel")
class StripsTest {
  private static final MemorySegment NULL = MemorySegment.NULL;

  private static Convolution plain(int h, int w, int c, int oc, int k, int stride, int pad) {
    return new Convolution(
        h, w, c, oc, k, k, stride, stride, 1, 1, pad, pad, pad, pad, 1, false, 0, 0);
  }

  /** All large enough to be cut. */
  private static Convolution[] worthIt() {
    return new Convolution[] {
      plain(56, 56, 16, 24, 3, 1, 1),
      plain(64, 60, 3, 32, 7, 2, 3),
      plain(57, 55, 64, 16, 1, 1, 0),
      plain(56, 56, 64, 32, 1, 2, 0),
      plain(40, 40, 64, 72, 3, 1, 1),
      plain(13, 13, 64, 256, 3, 1, 1),
      plain(40, 33, 32, 48, 2, 3, 4),
      plain(41, 32, 48, 64, 3, 4, 1),
      new Convolution(48, 48, 24, 32, 3, 3, 1, 1, 3, 2, 3, 2, 3, 2, 1, false, 0, 0),
      new Convolution(80, 80, 64, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 64, false, 0, 0),
      new Convolution(81, 80, 64, 64, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 16, false, 0, 0),
      new Convolution(30, 31, 40, 32, 3, 3, 1, 1, 1, 1, 2, 0, 1, 2, 1, false, 0, 0),
      new Convolution(24, 20, 32, 24, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1, 1, true, 0, 0),
      new Convolution(25, 20, 48, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, true, 1, 1),
      new Convolution(24, 26, 64, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, true, 0, 0),
    };
  }

  private static List<Convolution> cases() {
    List<Convolution> all = new ArrayList<>(Arrays.asList(worthIt()));
    all.add(plain(5, 5, 8, 8, 3, 1, 1));
    all.add(plain(57, 57, 15, 17, 3, 1, 1));
    all.add(plain(400, 50, 8, 16, 3, 100, 1));
    return all;
  }

  /** Memory of one device that is filled with the same numbers for all. */
  private static final class Desk implements AutoCloseable {
    private final Device device;
    private final List<Memory> blocks = new ArrayList<>();

    Desk(int threads) {
      device = Devices.open("cpu", threads);
    }

    MemorySegment numbers(int seed, long n) {
      var random = new Random(seed);
      float[] values = new float[(int) n];
      for (int i = 0; i < n; i++) {
        values[i] = random.nextFloat() - 0.5f;
      }
      MemorySegment s = room(4 * n);
      device.copyIn(MemorySegment.ofArray(values), s);
      return s;
    }

    MemorySegment room(long bytes) {
      Memory memory = device.allocate(bytes);
      blocks.add(memory);
      return memory.segment();
    }

    @Override
    public void close() {
      blocks.forEach(Memory::close);
      device.close();
    }
  }

  /** All that a convolution writes for three images and for one, alone, added, and among others. */
  private static byte[] everything(Convolution k, boolean exact, int threads, boolean cut) {
    var all = new ByteArrayOutputStream();
    long in = (long) k.h() * k.w() * k.c();
    long out = (long) k.oh() * k.ow() * k.oc();
    try (var desk = new Desk(threads)) {
      MemorySegment w = desk.numbers(1, (long) k.oc() * k.c() / k.groups() * k.kh() * k.kw());
      MemorySegment bias = desk.numbers(2, k.oc());
      MemorySegment x = desk.numbers(3, 3 * in);
      MemorySegment dy = desk.numbers(4, 3 * out);
      MemorySegment bits = desk.room(3 * ((out + 7) / 8));
      MemorySegment dx = desk.numbers(5, 3 * in);
      MemorySegment passed = desk.numbers(6, 3 * out);
      for (boolean residual : new boolean[] {false, true}) {
        MemorySegment y = desk.numbers(7, 3 * out);
        try (var plan = plan(desk, k, w, bias, residual, k.oc(), exact)) {
          cut(plan, cut);
          for (int rows : new int[] {3, 1}) {
            plan.forward(rows, x, residual ? y : NULL, y, bits);
            plan.backward(rows, dy, bits, residual, dx, residual, passed);
            List.of(y, bits, dx, passed).forEach(m -> add(m, all));
          }
        }
      }
      if (!k.transposed()) {
        int wide = k.oc() + 8;
        MemorySegment y = desk.numbers(8, 3 * out / k.oc() * wide);
        try (var plan = plan(desk, k, w, bias, false, wide, exact)) {
          cut(plan, cut);
          for (int rows : new int[] {3, 1}) {
            plan.forward(rows, x, NULL, y, bits);
            plan.backward(rows, y, bits, false, dx, false, NULL);
            List.of(y, bits, dx).forEach(m -> add(m, all));
          }
        }
      }
    }
    return all.toByteArray();
  }

  private static void add(MemorySegment written, ByteArrayOutputStream all) {
    all.writeBytes(written.toArray(ValueLayout.JAVA_BYTE));
  }

  private static CpuDense.Conv plan(
      Desk desk,
      Convolution k,
      MemorySegment w,
      MemorySegment bias,
      boolean residual,
      int wide,
      boolean exact) {
    return (CpuDense.Conv)
        desk.device
            .dense()
            .convolution(k, w, bias, Activation.RELU, residual, wide, exact, Storage.FLOAT32);
  }

  private static void cut(CpuDense.Conv plan, boolean cut) {
    if (cut) {
      plan.cut(false);
      plan.cut(true);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stripsChangeNoBit(Convolution k) {
    // 3 x 3 taps have a way of their own where sums need not be plain
    for (boolean exact : k.kh() == 3 ? new boolean[] {true, false} : new boolean[] {true}) {
      assertThat(everything(k, exact, 2, true))
          .as("%s, exact %s", k, exact)
          .isEqualTo(everything(k, exact, 1, false));
    }
  }

  /** A kernel may add in another order for fewer rows, and is left whole then: not most of them. */
  @Test
  void mostImagesAreCut() {
    int forward = 0;
    int backward = 0;
    for (Convolution k : worthIt()) {
      try (var desk = new Desk(2)) {
        MemorySegment w = desk.numbers(1, (long) k.oc() * k.c() / k.groups() * k.kh() * k.kw());
        try (var plan = plan(desk, k, w, NULL, false, k.oc(), true)) {
          forward += plan.cut(false) > 1 ? 1 : 0;
          backward += plan.cut(true) > 1 ? 1 : 0;
        }
      }
    }
    assertThat(forward).as("forward").isGreaterThan(worthIt().length / 2);
    assertThat(backward).as("backward").isGreaterThan(worthIt().length / 2);
  }

  @Test
  void whatIsNotWorthItStaysWhole() {
    for (Convolution k : cases().subList(worthIt().length, cases().size())) {
      try (var desk = new Desk(2)) {
        MemorySegment w = desk.numbers(1, (long) k.oc() * k.c() / k.groups() * k.kh() * k.kw());
        try (var plan = plan(desk, k, w, NULL, false, k.oc(), true)) {
          assertThat(plan.cut(false)).as("%s", k).isEqualTo(1);
          assertThat(plan.cut(true)).as("%s", k).isEqualTo(1);
        }
      }
    }
  }

  /** After training steps, strips must not keep the weights of before. */
  @Test
  void changedWeightsReachTheStrips() {
    Convolution k = worthIt()[0];
    List<float[]> results = new ArrayList<>();
    for (boolean cut : new boolean[] {false, true}) {
      try (var desk = new Desk(2)) {
        MemorySegment w = desk.numbers(1, (long) k.oc() * k.c() * k.kh() * k.kw());
        MemorySegment x = desk.numbers(3, (long) k.h() * k.w() * k.c());
        MemorySegment y = desk.room(4L * k.oh() * k.ow() * k.oc());
        try (var plan = plan(desk, k, w, NULL, false, k.oc(), true)) {
          cut(plan, cut);
          w.fill((byte) 0);
          w.setAtIndex(ValueLayout.JAVA_FLOAT, 0, 2);
          plan.update();
          for (int call = 0; call <= CpuDense.CALLS; call++) {
            plan.forward(1, x, NULL, y, NULL);
          }
        }
        results.add(y.toArray(ValueLayout.JAVA_FLOAT));
      }
    }
    assertThat(results.get(1)).isEqualTo(results.get(0));
    assertThat(results.get(0)).contains(0).isNotEqualTo(new float[results.get(0).length]);
  }

  /** Tokens of an image, and what goes in and out of each. */
  private record Product(int group, int k, int n) {}

  private static Product[] products() {
    return new Product[] {
      new Product(197, 192, 576), new Product(50, 768, 96), new Product(65, 320, 320),
    };
  }

  private static byte[] everything(Product p, int threads, int groups, boolean cut) {
    int m = groups * p.group();
    try (var desk = new Desk(threads)) {
      MemorySegment x = desk.numbers(1, (long) m * p.k());
      MemorySegment dy = desk.numbers(2, (long) m * p.n());
      MemorySegment y = desk.room(4L * m * p.n());
      MemorySegment bits = desk.room((long) m * ((p.n() + 7) / 8));
      MemorySegment dx = desk.numbers(3, (long) m * p.k());
      try (var plan = plan(desk, p)) {
        if (cut) {
          plan.cut(false);
          plan.cut(true);
        }
        plan.forward(m, x, y, bits);
        plan.backward(m, dy, bits, true, dx);
      }
      var all = new ByteArrayOutputStream();
      for (MemorySegment s : List.of(y, bits, dx)) {
        all.writeBytes(s.toArray(ValueLayout.JAVA_BYTE));
      }
      return all.toByteArray();
    }
  }

  private static CpuDense.Matrix plan(Desk desk, Product p) {
    MemorySegment w = desk.numbers(4, (long) p.k() * p.n());
    MemorySegment bias = desk.numbers(5, p.n());
    return (CpuDense.Matrix)
        desk.device.dense().matrix(p.k(), p.n(), false, w, bias, Activation.RELU, p.group());
  }

  @ParameterizedTest
  @MethodSource("products")
  void blocksOfTokensChangeNoBit(Product p) {
    byte[] wanted = everything(p, 1, 3, false);
    assertThat(everything(p, 2, 3, true)).as("%s", p).isEqualTo(wanted);
    assertThat(everything(p, 2, 1, true))
        .as("one image of %s", p)
        .isEqualTo(everything(p, 2, 1, false));
  }

  @Test
  void mostProductsAreCut() {
    int cut = 0;
    for (Product p : products()) {
      try (var desk = new Desk(2);
          var plan = plan(desk, p)) {
        cut += plan.cut(false) > 1 ? 1 : 0;
        cut += plan.cut(true) > 1 ? 1 : 0;
      }
    }
    assertThat(cut).isGreaterThan(products().length);
    try (var desk = new Desk(2);
        var plan = plan(desk, new Product(20, 32, 32))) {
      assertThat(plan.cut(false)).isEqualTo(1);
    }
  }

  /** Shapes that oneDNN has no code for with the weights as the whole image has them, by AVX2. */
  private static final List<Convolution> LATE =
      List.of(
          plain(7, 7, 320, 1280, 1, 1, 0),
          plain(7, 7, 960, 160, 1, 1, 0),
          plain(13, 13, 512, 1000, 1, 1, 0),
          plain(14, 14, 576, 96, 1, 1, 0),
          plain(7, 7, 512, 512, 3, 1, 1));

  /**
   * Where oneDNN has no code for a strip it takes loops hundreds of times slower: such an image
   * stays whole. oneDNN is held to an instruction set, and told to print what it runs.
   */
  @ParameterizedTest
  @ValueSource(strings = {"SSE41", "AVX2", "AVX512_CORE"})
  void noStripIsLeftToReferenceCode(String set) throws Exception {
    String said =
        Printed.of(StripsTest.class, Map.of("ONEDNN_MAX_CPU_ISA", set, "ONEDNN_VERBOSE", "1"));
    assertThat(said).contains(",convolution,");
    assertThat(said.lines().filter(l -> l.contains(",exec,") && l.contains(",ref"))).isEmpty();
  }

  /** Cuts images, which runs the whole and the parts. */
  public static void main(String[] arguments) {
    List<Convolution> all = new ArrayList<>(LATE);
    all.addAll(cases());
    try (var desk = new Desk(2)) {
      for (Convolution k : all) {
        MemorySegment w = desk.numbers(1, (long) k.oc() * k.c() / k.groups() * k.kh() * k.kw());
        try (var plan = plan(desk, k, w, NULL, false, k.oc(), true)) {
          cut(plan, true);
        }
      }
    }
  }
}
