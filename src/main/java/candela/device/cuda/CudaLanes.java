package candela.device.cuda;

import candela.device.Kernels;
import candela.device.Library;
import candela.device.Turn;
import candela.device.Work;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraphExec;

/**
 * The streams on which the lanes of recorded work are captured: the device's own and those that
 * fork from it and join it again. Outside of a capture all lanes run on the device's stream, each
 * with its own working memory.
 */
final class CudaLanes implements AutoCloseable {
  static final int MOST = 4;

  private final Library library;
  private final int card;
  private final Kernels kernels;
  private final CudaDense dense;
  private final List<CudaStream> streams = new ArrayList<>();

  /**
   * @param main the device's stream, which the caller closes
   */
  CudaLanes(Library library, int card, CudaStream main, Kernels kernels, CudaDense dense) {
    this.library = library;
    this.card = card;
    this.kernels = kernels;
    this.dense = dense;
    streams.add(main);
  }

  CudaStream main() {
    return streams.getFirst();
  }

  /** Runs the pieces in their order. */
  void run(List<Work> work) {
    on(0, main()); // also where that failed after a fork
    try {
      for (Work w : work) {
        dense.lane(w.lane());
        w.task().run();
      }
    } finally {
      dense.lane(0);
    }
  }

  /** Records the pieces in their order; null where the driver cannot. */
  CUgraphExec captureInOrder(List<Work> work) {
    return main().capture(() -> run(work));
  }

  /** Records the pieces side by side, after they have been run; null where the driver cannot. */
  CUgraphExec capture(List<Work> work) {
    int lanes = 1 + work.stream().mapToInt(Work::lane).max().orElse(0);
    while (streams.size() < lanes) {
      streams.add(new CudaStream(library, card));
    }
    CUevent[] done = new CUevent[work.size()];
    List<CUevent> ends = new ArrayList<>();
    try {
      for (Work w : work) {
        for (int j : w.after()) {
          done[j] = done[j] == null ? main().mark() : done[j];
        }
      }
      streams.forEach(s -> ends.add(main().mark()));
      return main().capture(() -> fork(work, done, ends));
    } finally {
      ends.forEach(CudaStream::destroy);
      for (CUevent e : done) {
        CudaStream.destroy(e);
      }
    }
  }

  /**
   * @param done for each piece that another waits for
   * @param ends for each lane; that of the main one is its beginning
   */
  private void fork(List<Work> work, CUevent[] done, List<CUevent> ends) {
    boolean[] forked = new boolean[streams.size()];
    forked[0] = true;
    main().record(ends.getFirst());
    try {
      for (int i = 0; i < work.size(); i++) {
        Work w = work.get(i);
        CudaStream stream = streams.get(w.lane());
        if (!forked[w.lane()] && w.after().isEmpty()) {
          stream.follow(ends.getFirst());
        }
        w.after().forEach(j -> stream.follow(done[j]));
        forked[w.lane()] = true;
        on(w.lane(), stream);
        w.task().run();
        if (done[i] != null) {
          stream.record(done[i]);
        }
      }
    } finally {
      on(0, main());
      for (int l = 1; l < forked.length; l++) {
        if (forked[l]) {
          streams.get(l).record(ends.get(l));
          main().follow(ends.get(l));
        }
      }
    }
  }

  Turn turn() {
    return kernels.turn();
  }

  private void on(int lane, CudaStream stream) {
    kernels.on(stream.kernels());
    dense.on(stream);
    dense.lane(lane);
  }

  @Override
  public void close() {
    streams.subList(1, streams.size()).forEach(CudaStream::close);
  }
}
