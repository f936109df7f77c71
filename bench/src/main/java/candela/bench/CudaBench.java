package candela.bench;

import candela.device.Device;
import candela.device.Devices;
import candela.device.Precision;
import candela.tensor.CandelaException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * Candela's side of bench/cuda: {@code CudaBench DEVICE FOLDER [PRECISION]}. One line of JSON asks
 * for a piece of work ({@link CudaAsk}), one line answers with the seconds of every repeat or with
 * an error.
 *
 * <p>FOLDER holds NAME.onnx, images.f32 and targets.i64, as peers/torch_cuda.py writes them.
 */
public final class CudaBench {
  private CudaBench() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 2 || arguments.length > 3) {
      System.err.println("CudaBench: DEVICE FOLDER [PRECISION] expected");
      System.exit(2);
    }
    ObjectMapper json = JsonMapper.builder().build();
    Precision precision = arguments.length == 3 ? precision(arguments) : null;
    try (Device device = Devices.open(arguments[0], 0, precision);
        CudaWork work = new CudaWork(device, Path.of(arguments[1]));
        var asked = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      answer(json, Map.of("ready", "Candela", "device", device.describe()));
      for (String line = asked.readLine(); line != null; line = asked.readLine()) {
        answer(json, run(work, json.readValue(line, CudaAsk.class)));
      }
    } catch (CandelaException e) {
      answer(json, Map.of("error", e.getMessage()));
      System.exit(1);
    }
  }

  /** The CPU has one only, which is compared with PyTorch's of any name. */
  private static Precision precision(String[] arguments) {
    return arguments[0].equals("cpu") ? null : Precision.of(arguments[2]);
  }

  private static Map<String, Object> run(CudaWork work, CudaAsk ask) {
    try {
      return work.run(ask);
    } catch (CandelaException | OutOfMemoryError e) {
      work.forget();
      return Map.of("error", String.valueOf(e.getMessage()));
    }
  }

  private static void answer(ObjectMapper json, Map<String, Object> answer) {
    System.out.println(json.writeValueAsString(answer));
    System.out.flush();
  }
}
