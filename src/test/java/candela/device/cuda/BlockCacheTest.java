package candela.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.OutOfMemory;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.Test;

/** On a card that is a counter: blocks at 1000, 2000, … until its room is used. */
class BlockCacheTest {
  private static final long MIB = 1 << 20;

  private final TreeMap<Long, Long> taken = new TreeMap<>();
  private long room = Long.MAX_VALUE;
  private long calls;

  private BlockCache cache(long budget) {
    return new BlockCache(budget, this::take, this::give);
  }

  /** Of a card that breaks while it takes back such a block. */
  private BlockCache broken(LongPredicate which) {
    return new BlockCache(
        10 * MIB,
        this::take,
        address -> {
          give(address);
          if (which.test(address)) {
            throw new IllegalStateException("broken");
          }
        });
  }

  private long take(long bytes) {
    calls++;
    if (taken.values().stream().mapToLong(b -> b).sum() + bytes > room) {
      return 0;
    }
    taken.put(1000 * calls, bytes);
    return 1000 * calls;
  }

  private void give(long address) {
    assertThat(taken.remove(address)).as("block at %d", address).isNotNull();
  }

  /** Between powers of two there are eight steps: an eighth is wasted at most. */
  @Test
  void sizesAreRoundedUpByAnEighthAtMost() {
    assertThat(BlockCache.rounded(0)).isEqualTo(512);
    assertThat(BlockCache.rounded(512)).isEqualTo(512);
    assertThat(BlockCache.rounded(513)).isEqualTo(1024);
    assertThat(BlockCache.rounded(8 * MIB)).isEqualTo(8 * MIB);
    assertThat(BlockCache.rounded(8 * MIB + 1)).isEqualTo(9 * MIB);
    for (long bytes = 4096; bytes < 1L << 40; bytes += bytes / 7 + 1) {
      long rounded = BlockCache.rounded(bytes);
      assertThat(rounded).as("%d", bytes).isBetween(bytes, bytes + bytes / 8 + 1);
      assertThat(BlockCache.rounded(rounded)).as("%d", bytes).isEqualTo(rounded);
    }
  }

  @Test
  void aFreedBlockIsTheNextOfItsSize() {
    BlockCache cache = cache(100 * MIB);
    long first = cache.allocate(MIB);
    long second = cache.allocate(MIB);
    assertThat(second).isNotEqualTo(first);
    cache.free(first, MIB);
    assertThat(cache.allocate(2 * MIB)).isNotEqualTo(first);
    assertThat(cache.allocate(MIB - 1)).isEqualTo(first);
    assertThat(calls).isEqualTo(3);
  }

  @Test
  void bytesInUseAndKeptAreCounted() {
    BlockCache cache = cache(10 * MIB);
    long a = cache.allocate(MIB);
    long b = cache.allocate(3 * MIB);
    assertThat(cache.used()).isEqualTo(4 * MIB);
    assertThat(cache.left()).isEqualTo(6 * MIB);
    cache.free(a, MIB);
    assertThat(cache.used()).isEqualTo(3 * MIB);
    assertThat(cache.kept()).isEqualTo(MIB);
    assertThat(cache.left()).isEqualTo(7 * MIB);
    cache.release();
    assertThat(cache.kept()).isZero();
    assertThat(cache.used()).isEqualTo(3 * MIB);
    assertThat(taken).containsOnlyKeys(b);
  }

  @Test
  void theBudgetIsNeverExceededAndWhatIsKeptMakesRoom() {
    BlockCache cache = cache(10 * MIB);
    long kept = cache.allocate(6 * MIB);
    cache.allocate(2 * MIB);
    cache.free(kept, 6 * MIB);
    cache.allocate(8 * MIB);
    assertThat(taken.values()).containsExactlyInAnyOrder(2 * MIB, 8 * MIB);
    assertThat(cache.left()).isZero();
    assertThatThrownBy(() -> cache.allocate(1))
        .isInstanceOf(OutOfMemory.class)
        .hasMessage(
            "cuda: 1 MiB of memory needed, 10 of 10 MiB are used; use a smaller batch or model");
    assertThat(cache.used()).isEqualTo(10 * MIB);
  }

  /** Others hold memory of the card as well: the driver may refuse before the budget does. */
  @Test
  void aFullCardIsAskedAgainAfterARelease() {
    room = 8 * MIB;
    BlockCache cache = cache(1000 * MIB);
    cache.free(cache.allocate(4 * MIB), 4 * MIB);
    cache.allocate(6 * MIB);
    assertThat(taken.values()).containsExactly(6 * MIB);
    assertThatThrownBy(() -> cache.allocate(3 * MIB))
        .isInstanceOf(OutOfMemory.class)
        .hasMessage(
            "cuda: 3 MiB of memory needed, 6 of 1,000 MiB are used; use a smaller batch or model");
    cache.allocate(2 * MIB);
    assertThat(cache.used()).isEqualTo(8 * MIB);
  }

  @Test
  void closeReturnsWhatIsKept() {
    BlockCache cache = cache(10 * MIB);
    cache.free(cache.allocate(MIB), MIB);
    cache.free(cache.allocate(2 * MIB), 2 * MIB);
    cache.close();
    assertThat(taken).isEmpty();
  }

  /** As on a card that is broken: nobody returns one twice, and the others are returned. */
  @Test
  void aBlockThatCannotBeReturnedIsNobodys() {
    BlockCache cache = broken(address -> address == 1000);
    long first = cache.allocate(MIB);
    cache.free(first, MIB);
    cache.free(cache.allocate(2 * MIB), 2 * MIB);
    assertThatThrownBy(cache::release).hasMessage("broken");
    cache.release();
    assertThat(taken).isEmpty();
    assertThat(cache.kept()).isZero();
    assertThat(cache.left()).isEqualTo(10 * MIB);
  }

  @Test
  void closingReturnsTheOthersOfABlockThatCannotBe() {
    BlockCache cache = broken(address -> true);
    long first = cache.allocate(MIB);
    long second = cache.allocate(2 * MIB);
    cache.free(first, MIB);
    cache.free(second, 2 * MIB);
    assertThatThrownBy(cache::close).hasMessage("broken");
    assertThat(taken).isEmpty();
  }
}
