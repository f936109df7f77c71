package candela.graph;

/**
 * What a session holds, in bytes.
 *
 * @param constants weights and tables as the session reads them; those mapped from the file are not
 *     counted
 * @param arena the one block that holds all that follows, overlapping where lifetimes allow
 * @param values largest sum of node outputs alive at one step
 * @param kept what forward keeps for backward only: bits of rectifiers, indices of poolings,
 *     statistics
 * @param gradients largest sum of gradients alive at one step
 * @param scratch largest working memory of one node
 */
public record MemoryReport(
    long constants, long arena, long values, long kept, long gradients, long scratch) {
  /** What the session takes: the constants and the arena. */
  public long bytes() {
    return constants + arena;
  }
}
