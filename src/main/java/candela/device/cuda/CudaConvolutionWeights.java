package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.Dense.ConvolutionWeights;
import candela.device.cuda.CudaDense.RunningConvolution;
import candela.device.cuda.CudnnGraph.Direction;
import candela.device.cuda.CudnnGraph.Problem;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** The gradient of a convolution's weights, by cuDNN. */
final class CudaConvolutionWeights implements ConvolutionWeights {
  private static final long[] NAMES = {CudnnGraph.X, CudnnGraph.W, CudnnGraph.Y};

  private final CudaDense dense;
  private final Convolution shape;
  private final Plain plain;
  private final Map<Problem, RunningConvolution> prepared = new HashMap<>();

  CudaConvolutionWeights(CudaDense dense, Convolution shape) {
    this.dense = dense;
    this.shape = shape;
    plain = Plain.of(dense, shape);
  }

  @Override
  public void backward(
      long rows,
      MemorySegment x,
      MemorySegment dy,
      boolean accumulate,
      MemorySegment dweights,
      boolean accumulateBias,
      MemorySegment dbias) {
    if (rows == 0 || plain.outputs(rows) == 0 || plain.inputs(rows) == 0) {
      if (!accumulate) {
        dense.device().kernels().elementwise().fill(plain.weights(), 0, dweights);
      }
    } else {
      boolean reversed = shape.transposed();
      MemorySegment images = plain.pad(rows, reversed ? dy : x);
      long skip = plain.bytes(rows);
      MemorySegment turned = dense.scratch(skip + plain.turned() * 4).asSlice(skip);
      gradient(rows, images, turned, reversed ? x : dy);
      plain.turn(true, accumulate, turned, dweights);
    }
    dense.columns(rows * shape.oh() * shape.ow(), shape.oc(), dy, accumulateBias, dbias);
  }

  private void gradient(long rows, MemorySegment x, MemorySegment dw, MemorySegment dy) {
    boolean aligned = CudaDense.alignment(0, x, dw, dy) == 16;
    Problem p =
        new Problem(
            Direction.WEIGHTS,
            plain.shape(),
            rows,
            plain.shape().oc(),
            false,
            false,
            false,
            false,
            aligned);
    MemorySegment[] tensors = {x, dw, dy};
    if (!prepared.containsKey(p)) {
      prepared.put(p, dense.prepare(p, NAMES, tensors, 1, plain.turned() * 4));
    }
    RunningConvolution running = prepared.get(p);
    if (running == null) {
      throw CandelaException.of("%s has no engine for %s", dense.describe(), p.key());
    }
    dense.run(running, tensors);
  }

  @Override
  public void close() {
    prepared.values().stream().filter(r -> r != null).forEach(RunningConvolution::close);
    prepared.clear();
  }
}
