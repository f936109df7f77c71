package candela.probe;

/**
 * Told how far a run is, after every batch; answers whether to go on. Nothing else stops a run:
 * where interrupting its thread should, the answer is {@code
 * !Thread.currentThread().isInterrupted()}.
 */
@FunctionalInterface
public interface Progress {
  Progress SILENT = (done, all) -> true;

  /**
   * @param done rows answered
   * @param all rows asked for in all
   * @return false stops the run; results are then those of the rows answered
   */
  boolean at(long done, long all);
}
