package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PlacementTest {
  private record Life(int first, int last) {}

  @Test
  void blocksAliveTogetherNeverOverlap() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      List<Placement.Block> blocks = new ArrayList<>();
      List<Life> lives = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        int first = random.nextInt(40);
        int last = first + random.nextInt(12);
        blocks.add(new Placement.Block(1 + random.nextInt(5000), first, last));
        lives.add(new Life(first, last));
      }
      int rest = round % 3;
      long total = Placement.place(blocks, rest);
      for (int i = 0; i < blocks.size(); i++) {
        Placement.Block a = blocks.get(i);
        assertThat(a.offset()).isNotNegative();
        assertThat(a.offset() % Placement.ALIGNMENT).isZero();
        assertThat(a.offset() + a.bytes()).isLessThanOrEqualTo(total);
        for (int j = 0; j < i; j++) {
          Placement.Block b = blocks.get(j);
          boolean together =
              lives.get(i).first <= lives.get(j).last + rest
                  && lives.get(j).first <= lives.get(i).last + rest;
          boolean apart =
              a.offset() + a.bytes() <= b.offset() || b.offset() + b.bytes() <= a.offset();
          assertThat(!together || apart).as("blocks %d and %d", i, j).isTrue();
        }
      }
    }
  }

  @Test
  void aChainOfEqualBlocksNeedsTwoPlaces() {
    // y = f(x) needs both at once, whatever the length of the chain: 2 x 1024 bytes.
    List<Placement.Block> chain = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      chain.add(new Placement.Block(1024, i, i + 1));
    }
    assertThat(Placement.place(chain)).isEqualTo(2048);
  }
}
