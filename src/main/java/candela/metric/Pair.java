package candela.metric;

import java.util.ArrayList;
import java.util.List;

/** Two of the maps to compare, by index. */
public record Pair(int a, int b) {
  /** Every two of n once: (0,1), (0,2), …, (n-2,n-1). */
  public static List<Pair> all(int n) {
    List<Pair> pairs = new ArrayList<>();
    for (int a = 0; a < n; a++) {
      for (int b = a + 1; b < n; b++) {
        pairs.add(new Pair(a, b));
      }
    }
    return pairs;
  }

  /** Every other of n with this one. */
  public static List<Pair> against(int baseline, int n) {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      if (i != baseline) {
        pairs.add(new Pair(i, baseline));
      }
    }
    return pairs;
  }
}
