package candela.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

/** ONNX Runtime's CPU provider, every optimisation on. It has no gradients. */
final class OnnxRuntimeEngine implements Engine {
  private final OrtSession session;
  private final OnnxTensor images;
  private final Map<String, OnnxTensor> inputs;
  private OrtSession.Result last;

  OnnxRuntimeEngine(Setting setting) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(setting.threads());
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      session = environment.createSession(setting.model().toString(), options);
      FloatBuffer data =
          ByteBuffer.allocateDirect(4 * setting.images().length)
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer()
              .put(setting.images())
              .flip();
      long[] shape = {setting.batch(), 3, Setting.SIZE, Setting.SIZE};
      images = OnnxTensor.createTensor(environment, data, shape);
      inputs = Map.of(session.getInputNames().iterator().next(), images);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String name() {
    return "ONNX Runtime";
  }

  @Override
  public boolean differentiates() {
    return false;
  }

  @Override
  public void forward() {
    release();
    try {
      last = session.run(inputs);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public float[] output() {
    FloatBuffer y = ((OnnxTensor) last.get(0)).getFloatBuffer();
    float[] copy = new float[y.remaining()];
    y.get(copy);
    return copy;
  }

  @Override
  public void gradient() {
    throw new UnsupportedOperationException("ONNX Runtime has no gradients");
  }

  @Override
  public float[] inputGradient() {
    throw new UnsupportedOperationException("ONNX Runtime has no gradients");
  }

  @Override
  public void close() {
    release();
    images.close();
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  private void release() {
    if (last != null) {
      last.close();
      last = null;
    }
  }
}
