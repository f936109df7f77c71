package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.Dense.ConvolutionWeights;
import candela.device.cuda.CudnnGraph.Direction;
import candela.device.cuda.CudnnGraph.Problem;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/** The gradient of a convolution's weights, by cuDNN. */
final class CudaConvolutionWeights implements ConvolutionWeights {
  private static final long[] NAMES = {CudnnGraph.X, CudnnGraph.W, CudnnGraph.Y};

  private final CudaDense dense;
  private final Convolution shape;
  private final Plain plain;
  private final PreparedConvolutions prepared;

  CudaConvolutionWeights(CudaDense dense, Convolution shape) {
    this.dense = dense;
    this.shape = shape;
    plain = Plain.of(dense, Storage.FLOAT32, shape);
    prepared = new PreparedConvolutions(dense);
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
    Sizes.range("conv_weights_backward", "rows", rows, 1, Integer.MAX_VALUE);
    if (plain.outputs(rows) == 0 || plain.inputs(rows) == 0) {
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
    Convolution c = plain.shape();
    Problem p = Problem.plain(Direction.WEIGHTS, c, rows, false, Storage.FLOAT32, x, dw, dy);
    MemorySegment[] tensors = {x, dw, dy};
    if (!prepared.run(p, NAMES, tensors, 1, plain.turned() * 4)) {
      throw CandelaException.of("%s has no engine for %s", dense.describe(), p.key());
    }
  }

  @Override
  public void close() {
    prepared.close();
  }
}
