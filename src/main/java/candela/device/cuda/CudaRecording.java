package candela.device.cuda;

import candela.device.Recording;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;

/**
 * Runs its work plainly once, which makes plans and takes memory, then records it as a CUDA graph
 * and from there on launches that.
 */
final class CudaRecording implements Recording {
  private final CudaStream stream;
  private final Runnable work;
  private CUgraphExec graph;
  private boolean ran;
  private boolean plain;

  CudaRecording(CudaStream stream, Runnable work) {
    this.stream = stream;
    this.work = work;
  }

  @Override
  public void run() {
    if (!ran || plain) {
      work.run();
      ran = true;
      return;
    }
    if (graph == null) {
      graph = stream.capture(work);
      plain = graph == null;
      if (plain) {
        work.run();
        return;
      }
    }
    stream.launch(graph);
  }

  @Override
  public void close() {
    if (graph != null) {
      JCudaDriver.cuGraphExecDestroy(graph);
      graph = null;
    }
  }
}
