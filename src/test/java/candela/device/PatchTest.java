package candela.device;

import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class PatchTest {
  private static final float OUTSIDE = -7;

  /** jump, high, align, step, shift, size. */
  private record Side(int jump, int high, int align, int step, int shift, int size) {
    int first(int t) {
      return align == 0 ? 0 : step * Math.floorDiv(Math.ceilDiv(t - high, jump), align) + shift;
    }

    static int[] ints(Side down, Side across) {
      int[] all = new int[12];
      for (int a = 0; a < 2; a++) {
        Side s = a == 0 ? down : across;
        int[] six = {s.jump, s.high, s.align, s.step, s.shift, s.size};
        System.arraycopy(six, 0, all, 6 * a, 6);
      }
      return all;
    }
  }

  private static Side drawn(Random random, int whole) {
    if (random.nextInt(4) == 0) {
      return new Side(1, 0, 0, 0, 0, whole);
    }
    int align = 1 + random.nextInt(3);
    return new Side(
        1 + random.nextInt(4),
        random.nextInt(12) - 2,
        align,
        align * (1 + random.nextInt(2)),
        random.nextInt(4) - 3,
        1 + random.nextInt(whole + 3));
  }

  @Test
  void pixelsComeFromTheWindowOrTheBaseOrOutside() {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      int h = 1 + random.nextInt(9);
      int w = 1 + random.nextInt(9);
      int planes = 1 + random.nextInt(3);
      int c = random.nextInt(3) == 0 ? 5 : 1;
      int rows = 3;
      Side[] from = {drawn(random, h), drawn(random, w)};
      Side[] to = {drawn(random, h), drawn(random, w)};
      int[] corner = random.ints(2 * rows, 0, 30).toArray();
      float[] x = numbers(seed, rows * planes * from[0].size * from[1].size * c);
      float[] base = numbers(seed + 100, planes * h * w * c);
      float[] wanted = new float[rows * planes * to[0].size * to[1].size * c];
      for (int k = 0; k < wanted.length; k++) {
        int pixel = k / c;
        int j = pixel % to[1].size;
        int i = pixel / to[1].size % to[0].size;
        int plane = pixel / to[1].size / to[0].size;
        int r = plane / planes;
        int down = i + to[0].first(corner[2 * r]);
        int across = j + to[1].first(corner[2 * r + 1]);
        int ownDown = down - from[0].first(corner[2 * r]);
        int ownAcross = across - from[1].first(corner[2 * r + 1]);
        if (down < 0 || down >= h || across < 0 || across >= w) {
          wanted[k] = OUTSIDE;
        } else if (ownDown >= 0
            && ownDown < from[0].size
            && ownAcross >= 0
            && ownAcross < from[1].size) {
          wanted[k] = x[((plane * from[0].size + ownDown) * from[1].size + ownAcross) * c + k % c];
        } else {
          wanted[k] = base[((plane % planes * h + down) * w + across) * c + k % c];
        }
      }
      boolean whole = from[0].align == 0 && from[1].align == 0;
      float[] got =
          Rig.run(
              "patch",
              rig -> {
                MemorySegment y = rig.out(wanted.length);
                rig.kernels()
                    .patch()
                    .patch(
                        rows,
                        planes,
                        h,
                        w,
                        c,
                        Side.ints(from[0], from[1]),
                        Side.ints(to[0], to[1]),
                        OUTSIDE,
                        rig.in(corner),
                        whole ? MemorySegment.NULL : rig.in(base),
                        rig.in(x),
                        y);
                return rig.floats(y);
              });
      assertThat(got).as("seed %d", seed).isEqualTo(wanted);
    }
  }

  @Test
  void sidesThatCannotBeAreRefused() {
    int[] fine = {1, 0, 1, 1, 0, 2, 1, 0, 1, 1, 0, 2};
    int[] jump = {0, 0, 1, 1, 0, 2, 1, 0, 1, 1, 0, 2};
    int[] whole = {1, 0, 0, 0, 0, 3, 1, 0, 1, 1, 0, 2};
    refused(jump, fine, "patch: jump must be in 1..16777216, is 0");
    refused(fine, whole, "patch: size must be in 2..2, is 3");
  }

  private static void refused(int[] from, int[] to, String sentence) {
    assertThatThrownBy(
            () ->
                Rig.run(
                    "patch",
                    rig -> {
                      MemorySegment some = rig.out(64);
                      rig.kernels()
                          .patch()
                          .patch(1, 1, 2, 2, 1, from, to, 0, rig.in(0, 0), some, some, some);
                      return new float[0];
                    }))
        .hasMessageContaining(sentence);
  }
}
