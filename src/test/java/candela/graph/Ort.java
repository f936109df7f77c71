package candela.graph;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;

/** ONNX Runtime as the independent answer. */
public final class Ort {
  private Ort() {}

  /** The first output of the model on one input, flat. */
  public static float[] run(Path model, float[] input, long... shape) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(2);
      try (OrtSession session = environment.createSession(model.toString(), options);
          OnnxTensor x = OnnxTensor.createTensor(environment, FloatBuffer.wrap(input), shape);
          OrtSession.Result result =
              session.run(Map.of(session.getInputNames().iterator().next(), x))) {
        FloatBuffer y = ((OnnxTensor) result.get(0)).getFloatBuffer();
        float[] out = new float[y.remaining()];
        y.get(out);
        return out;
      }
    }
  }
}
