package candela.graph;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * ONNX Runtime as the independent answer. Where it is not on the class path, tests fail, unless who
 * runs them says that it was left out: {@code -Dcandela.onnxruntime=none}, as {@code
 * bench/cuda/run} does where the pack had no room for it. Then they are skipped.
 */
public final class Ort {
  private Ort() {}

  /**
   * The first output of the model on one input, flat. An input of several times the shape is
   * several calls, their outputs one after another.
   */
  public static float[] run(Path model, float[] input, long... shape) throws OrtException {
    return outputs(model, false, input, shape).get(0);
  }

  /** The same of a model that takes float16. */
  static float[] runHalf(Path model, float[] input, long... shape) throws OrtException {
    return outputs(model, true, input, shape).get(0);
  }

  /** All outputs in the model's order, each as {@link #run} gives the first. */
  static List<float[]> outputs(Path model, boolean half, float[] input, long... shape)
      throws OrtException {
    assumeFalse(leftOut(), "skipped: ONNX Runtime was left out of this class path");
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    int size = 1;
    for (long d : shape) {
      size = Math.toIntExact(size * d);
    }
    int calls = input.length / size;
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(2);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      try (OrtSession session = environment.createSession(model.toString(), options)) {
        String name = session.getInputNames().iterator().next();
        List<float[]> all = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
          FloatBuffer row = FloatBuffer.wrap(input, i * size, size).slice();
          try (OnnxTensor x =
                  half
                      ? OnnxTensor.createTensor(
                          environment, halves(row), shape, OnnxJavaType.FLOAT16)
                      : OnnxTensor.createTensor(environment, row, shape);
              OrtSession.Result result = session.run(Map.of(name, x))) {
            for (int k = 0; k < result.size(); k++) {
              FloatBuffer y = ((OnnxTensor) result.get(k)).getFloatBuffer();
              if (i == 0) {
                all.add(new float[calls * y.remaining()]);
              }
              y.get(all.get(k), i * y.remaining(), y.remaining());
            }
          }
        }
        return all;
      }
    }
  }

  /** A property alone skips nothing where ONNX Runtime can be loaded. */
  private static boolean leftOut() {
    if (!"none".equals(System.getProperty("candela.onnxruntime"))) {
      return false;
    }
    try {
      Class.forName("ai.onnxruntime.OrtEnvironment", false, Ort.class.getClassLoader());
      return false;
    } catch (ClassNotFoundException e) {
      return true;
    }
  }

  private static ByteBuffer halves(FloatBuffer values) {
    ByteBuffer b = ByteBuffer.allocateDirect(2 * values.remaining()).order(ByteOrder.nativeOrder());
    while (values.hasRemaining()) {
      b.putShort(Float.floatToFloat16(values.get()));
    }
    return b.flip();
  }
}
