package candela.device.cuda;

import candela.device.Dense;
import candela.device.Device;
import candela.device.Memory;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/** A small product whose signs are known, and what cuBLASLt marks of it. */
final class BitOrder {
  private static final int ROWS = 24;
  private static final int COLUMNS = 128;

  private BitOrder() {}

  /** Whether element i of a row is bit i % 8 of byte i / 8. */
  static boolean isOurs(CudaDense dense) {
    Device device = dense.device();
    long n = (long) ROWS * COLUMNS;
    float[] values = new float[ROWS * COLUMNS];
    var random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextBoolean() ? 1 : -1;
    }
    float[] identity = new float[COLUMNS * COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      identity[i * COLUMNS + i] = 1;
    }
    try (Memory x = device.allocate(n * 4);
        Memory w = device.allocate((long) COLUMNS * COLUMNS * 4);
        Memory y = device.allocate(n * 4);
        Memory theirs = device.allocate(n / 8);
        Memory ours = device.allocate(n / 8)) {
      device.write(new Tensor(Shape.of(ROWS, COLUMNS), x.segment()), values);
      device.write(new Tensor(Shape.of(COLUMNS, COLUMNS), w.segment()), identity);
      CublasLt.Problem problem =
          CublasLt.Problem.of(
              ROWS, COLUMNS, COLUMNS, false, false, false, CublasLt.Epilogue.RELU_BITS, 16);
      MemorySegment none = MemorySegment.NULL;
      dense.product(
          problem, x.segment(), w.segment(), y.segment(), y.segment(), none, theirs.segment());
      device
          .kernels()
          .gate()
          .gateForward(
              Dense.Activation.RELU, false, 1, n, COLUMNS, COLUMNS, y.segment(), ours.segment());
      return Arrays.equals(bytes(device, theirs), bytes(device, ours));
    } catch (CandelaException e) {
      return false; // no such product here: our kernels mark
    }
  }

  private static byte[] bytes(Device device, Memory memory) {
    byte[] bytes = new byte[(int) memory.bytes()];
    device.copyOut(memory.segment(), MemorySegment.ofArray(bytes));
    return bytes;
  }
}
