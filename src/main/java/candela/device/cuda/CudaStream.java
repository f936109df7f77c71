package candela.device.cuda;

import candela.device.Library;
import java.lang.foreign.MemorySegment;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** A stream of one device: JCuda's, our kernels' and the dense libraries' at once. */
final class CudaStream implements AutoCloseable {
  /** A stream whose address the other libraries may know. */
  private static final class Stream extends CUstream {
    MemorySegment address() {
      return MemorySegment.ofAddress(getNativePointer());
    }
  }

  private final Library library;
  private final Stream stream = new Stream();
  private final MemorySegment kernels;
  private boolean capturing;

  /** On the current context, the primary one of this card. */
  CudaStream(Library library, int card) {
    this.library = library;
    Driver.check(
        "cuStreamCreate",
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    try {
      kernels = library.stream(card + 1, stream.address());
    } catch (RuntimeException | Error e) {
      JCudaDriver.cuStreamDestroy(stream);
      throw e;
    }
  }

  /** The CUstream itself. */
  MemorySegment address() {
    return stream.address();
  }

  /** What our entries take. */
  MemorySegment kernels() {
    return kernels;
  }

  CUstream jcuda() {
    return stream;
  }

  void synchronize() {
    Driver.check("cuStreamSynchronize", JCudaDriver.cuStreamSynchronize(stream));
  }

  /** Whether work is being recorded: then nothing may wait, allocate or copy from the host. */
  boolean isCapturing() {
    return capturing;
  }

  /** Records what the work queues, without running it; null where the driver cannot. */
  CUgraphExec capture(Runnable work) {
    int began =
        JCudaDriver.cuStreamBeginCapture(
            stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
    if (began != 0) {
      return null;
    }
    CUgraph graph = new CUgraph();
    capturing = true;
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      if (JCudaDriver.cuStreamEndCapture(stream, graph) == CUresult.CUDA_SUCCESS) {
        JCudaDriver.cuGraphDestroy(graph);
      }
      throw e;
    } finally {
      capturing = false;
    }
    Driver.check("cuStreamEndCapture", JCudaDriver.cuStreamEndCapture(stream, graph));
    CUgraphExec exec = new CUgraphExec();
    int made = JCudaDriver.cuGraphInstantiate(exec, graph, 0);
    JCudaDriver.cuGraphDestroy(graph);
    Driver.check("cuGraphInstantiate", made);
    return exec;
  }

  void launch(CUgraphExec exec) {
    Driver.check("cuGraphLaunch", JCudaDriver.cuGraphLaunch(exec, stream));
  }

  /** Milliseconds that the work took on the card. */
  float time(Runnable work) {
    CUevent begin = event(CUevent_flags.CU_EVENT_DEFAULT);
    CUevent end = null;
    try {
      end = event(CUevent_flags.CU_EVENT_DEFAULT);
      record(begin);
      work.run();
      record(end);
      await(end);
      float[] milliseconds = {0};
      Driver.check("cuEventElapsedTime", JCudaDriver.cuEventElapsedTime(milliseconds, begin, end));
      return milliseconds[0];
    } finally {
      destroy(begin);
      destroy(end);
    }
  }

  /** A point in the queue, for {@link #record} and {@link #await}; passed where never recorded. */
  CUevent mark() {
    return event(CUevent_flags.CU_EVENT_DISABLE_TIMING);
  }

  void record(CUevent mark) {
    Driver.check("cuEventRecord", JCudaDriver.cuEventRecord(mark, stream));
  }

  /** Work from here on comes after that before the mark; in a capture, the stream joins it. */
  void follow(CUevent mark) {
    Driver.check("cuStreamWaitEvent", JCudaDriver.cuStreamWaitEvent(stream, mark, 0));
  }

  /** Work from here on comes after all that the other stream has by now; the mark is used up. */
  void follow(CudaStream other, CUevent mark) {
    other.record(mark);
    follow(mark);
  }

  /** Whether all work is done. */
  boolean isIdle() {
    int code = JCudaDriver.cuStreamQuery(stream);
    if (code != CUresult.CUDA_ERROR_NOT_READY) {
      Driver.check("cuStreamQuery", code);
    }
    return code == CUresult.CUDA_SUCCESS;
  }

  /** Waits for the work before the mark. */
  static void await(CUevent mark) {
    Driver.check("cuEventSynchronize", JCudaDriver.cuEventSynchronize(mark));
  }

  /** Ends a mark; null is none. */
  static void destroy(CUevent mark) {
    if (mark != null) {
      JCudaDriver.cuEventDestroy(mark);
    }
  }

  private static CUevent event(int flags) {
    CUevent event = new CUevent();
    Driver.check("cuEventCreate", JCudaDriver.cuEventCreate(event, flags));
    return event;
  }

  @Override
  public void close() {
    try {
      library.entry("cd_stream_destroy", Library.POINTER).call(kernels);
    } finally {
      JCudaDriver.cuStreamDestroy(stream);
    }
  }
}
