package candela.device;

/**
 * Random numbers as a function of (seed, sample): Philox4x32-10 as kernels/philox.cuh has it, read
 * one after another.
 *
 * <p>For one thread; a stream of its own for every image makes the order of images irrelevant.
 */
public final class Philox {
  private final long seed;
  private final long sample;
  private final int[] words = new int[4];
  private long block;
  private int at = 4;

  public Philox(long seed, long sample) {
    this.seed = seed;
    this.sample = sample;
  }

  /** 32 random bits. */
  public int bits() {
    if (at == 4) {
      fill(seed, sample, block++, words);
      at = 0;
    }
    return words[at++];
  }

  /** In (0, 1): the middle of one of 2^24 equal steps. */
  public double uniform() {
    return ((bits() >>> 8) + 0.5) * 0x1p-24;
  }

  public double uniform(double lo, double hi) {
    return lo + (hi - lo) * uniform();
  }

  /** A whole number from 0 to n - 1, n at most 2^24. */
  public int below(int n) {
    return (int) (uniform() * n);
  }

  public boolean coin() {
    return bits() < 0;
  }

  /** A standard normal, by Box and Muller. */
  public double normal() {
    double radius = StrictMath.sqrt(-2 * StrictMath.log(uniform()));
    return radius * StrictMath.cos(2 * StrictMath.PI * uniform());
  }

  /** The numbers 0 to n - 1 in random order (Fisher and Yates). */
  public int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      // 2^24 steps would favour some places of longer lists.
      long unsigned = Integer.toUnsignedLong(bits());
      int j = (int) (unsigned * (i + 1L) >>> 32);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** The four words of one block; the paper's constants. */
  static void fill(long seed, long sample, long block, int[] words) {
    int c0 = (int) block;
    int c1 = (int) (block >>> 32);
    int c2 = (int) sample;
    int c3 = (int) (sample >>> 32);
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * Integer.toUnsignedLong(c0);
      long p1 = 0xCD9E8D57L * Integer.toUnsignedLong(c2);
      int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c1 = (int) p1;
      c3 = (int) p0;
      c0 = n0;
      c2 = n2;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
  }
}
