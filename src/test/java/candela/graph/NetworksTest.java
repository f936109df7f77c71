package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.image.Image;
import candela.image.Preprocess;
import candela.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Networks with real weights on their pictures, run as a user runs them. */
class NetworksTest {
  /**
   * Largest difference relative to the largest output: a few hundred roundings of float32 (6e-8),
   * in another order than ONNX Runtime's.
   */
  private static final double TOLERANCE = 1e-5;

  /**
   * Pictures as a network's input.
   *
   * @param values [labels.length,c,h,w]
   */
  private record Pictures(float[] values, int[] labels) {
    long[] shape(int batch, int channels, int side) {
      return new long[] {batch, channels, side, side};
    }
  }

  @Test
  void squeezeNetEqualsOnnxRuntimeAndSeesWhatIsKnownOfIt() throws Exception {
    Path model = Shared.path("models/squeezenet1.1.onnx");
    Pictures p = photos("caffe-bgr", "squeezenet1.1_top1_index");
    float[] y = run(model, p, 8);
    Compare.assertClose("outputs", y, Ort.run(model, p.values, p.shape(1, 3, 224)), TOLERANCE);
    assertThat(best(y, 1000)).isEqualTo(p.labels);
  }

  @Test
  void squeezeNetInHalfPrecisionIsComputedInFloat32() throws Exception {
    Path model = Shared.path("models/squeezenet1.1-fp16.onnx");
    Path same = Shared.path("models/squeezenet1.1.onnx");
    Pictures p = photos("caffe-bgr", "squeezenet1.1_top1_index");
    float[] y = run(model, p, 8);
    assertThat(y).isEqualTo(run(same, p, 8));
    assertThat(best(y, 1000)).isEqualTo(p.labels);
    // ONNX Runtime rounds the pictures and the outputs to float16 (5e-4).
    Compare.assertClose("outputs", y, Ort.runHalf(model, p.values, p.shape(1, 3, 224)), 5e-3);
  }

  @Test
  void mobileNetEqualsOnnxRuntimeAndKnowsThePhotos() throws Exception {
    Path model = Shared.path("models/mobilenet_v2_1.0_224.onnx");
    Pictures p = photos("mobilenet-tf", "imagenet_index");
    float[] y = run(model, p, 8);
    Compare.assertClose("outputs", y, Ort.run(model, p.values, p.shape(24, 3, 224)), TOLERANCE);
    assertThat(right(y, p.labels)).isEqualTo(23);
  }

  /** The counts are those that the files' publishers give. */
  @ParameterizedTest
  @CsvSource({"resnet20_bn,cifar10,94", "resnet20_folded,cifar10,94", "mlperf_resnet8,raw,88"})
  void cifarNetsEqualOnnxRuntimeAndKnowTheFirstHundredPictures(
      String name, String preprocess, int right) throws Exception {
    Path model = Shared.path("models/cifar10/" + name + ".onnx");
    Pictures p = cifar(Preprocess.of(preprocess));
    float[] y = run(model, p, 20);
    Compare.assertClose("outputs", y, Ort.run(model, p.values, p.shape(100, 3, 32)), TOLERANCE);
    assertThat(right(y, p.labels)).isEqualTo(right);
  }

  @Test
  void mnistEqualsOnnxRuntimeAndReadsDigits() throws Exception {
    Path model = Shared.path("models/mnist-cntk.onnx");
    Pictures p = digits(200);
    float[] y = run(model, p, 50);
    Compare.assertClose("outputs", y, Ort.run(model, p.values, p.shape(1, 1, 28)), TOLERANCE);
    assertThat(right(y, p.labels)).isEqualTo(199);
  }

  private static float[] run(Path model, Pictures p, int batch) {
    Network network = Network.load(model);
    try (Device device = TestDevice.open(0);
        Session session = network.session(device, batch, SessionOptions.FORWARD)) {
      int size = session.input().count();
      float[] all = new float[p.labels.length * session.classes()];
      int at = 0;
      for (int from = 0; from < p.values.length; from += size) {
        device.write(session.input(), Arrays.copyOfRange(p.values, from, from + size));
        session.forward();
        float[] y = device.read(session.output());
        System.arraycopy(y, 0, all, at, y.length);
        at += y.length;
      }
      assertThat(at).isEqualTo(all.length);
      return all;
    }
  }

  private static int[] best(float[] y, int classes) {
    int[] best = new int[y.length / classes];
    for (int i = 0; i < y.length; i++) {
      if (y[i] > y[i / classes * classes + best[i / classes]]) {
        best[i / classes] = i % classes;
      }
    }
    return best;
  }

  private static int right(float[] y, int[] labels) {
    int[] best = best(y, y.length / labels.length);
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      right += best[i] == labels[i] ? 1 : 0;
    }
    return right;
  }

  /** The ImageNet photos, with one column of their table. */
  private static Pictures photos(String preprocess, String column) throws IOException {
    List<String> lines = Files.readAllLines(Shared.path("photos/labels.csv"));
    int at = List.of(lines.get(0).split(",")).indexOf(column);
    Preprocess prepare = Preprocess.of(preprocess);
    Shape image = Shape.of(3, 224, 224);
    float[] values = new float[(lines.size() - 1) * image.count()];
    int[] labels = new int[lines.size() - 1];
    for (int i = 0; i < labels.length; i++) {
      String[] line = lines.get(i + 1).split(",");
      Image photo = Image.read(Shared.path("photos/" + line[0]));
      float[] x = prepare.apply(photo, 3, 224, 224);
      System.arraycopy(x, 0, values, i * image.count(), x.length);
      labels[i] = Integer.parseInt(line[at]);
    }
    return new Pictures(values, labels);
  }

  /** Lines of a label and 3,072 levels, red, green and blue of one pixel after another. */
  private static Pictures cifar(Preprocess prepare) throws IOException {
    List<String> lines = Files.readAllLines(Shared.path("datasets/cifar10-lossless-100.csv"));
    float[] values = new float[lines.size() * 3072];
    int[] labels = new int[lines.size()];
    for (int i = 0; i < labels.length; i++) {
      String[] line = lines.get(i).split(",");
      byte[] rgb = new byte[3072];
      for (int k = 0; k < rgb.length; k++) {
        rgb[k] = (byte) Integer.parseInt(line[k + 1]);
      }
      float[] x = prepare.apply(new Image(32, 32, rgb), 3, 32, 32);
      System.arraycopy(x, 0, values, i * 3072, x.length);
      labels[i] = Integer.parseInt(line[0]);
    }
    return new Pictures(values, labels);
  }

  /** The first digits of MNIST's test set, levels 0 … 255 as the file's authors fed them. */
  private static Pictures digits(int count) throws IOException {
    byte[] images = idx("t10k-images-idx3-ubyte.gz", 16, count * 784);
    byte[] numbers = idx("t10k-labels-idx1-ubyte.gz", 8, count);
    float[] values = new float[images.length];
    int[] labels = new int[count];
    for (int i = 0; i < values.length; i++) {
      values[i] = images[i] & 255;
    }
    for (int i = 0; i < count; i++) {
      labels[i] = numbers[i];
    }
    return new Pictures(values, labels);
  }

  private static byte[] idx(String file, int header, int bytes) throws IOException {
    Path path = Shared.path("datasets/mnist/" + file);
    try (InputStream in = new GZIPInputStream(Files.newInputStream(path))) {
      in.skipNBytes(header);
      return in.readNBytes(bytes);
    }
  }
}
