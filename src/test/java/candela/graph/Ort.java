package candela.graph;

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

/** ONNX Runtime as the independent answer. */
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

  private static ByteBuffer halves(FloatBuffer values) {
    ByteBuffer b = ByteBuffer.allocateDirect(2 * values.remaining()).order(ByteOrder.nativeOrder());
    while (values.hasRemaining()) {
      b.putShort(Float.floatToFloat16(values.get()));
    }
    return b.flip();
  }
}
