package candela.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * PyTorch in a Python process of its own ({@code peers/torch_cpu.py}): one line asks, one line
 * answers, which costs some tens of microseconds a call. Owns the process.
 */
final class PythonEngine implements Engine {
  private final String name;
  private final Process process;
  private final BufferedReader answers;
  private final OutputStream questions;
  private final Path scratch;

  PythonEngine(Setting setting, Path python, Path script, boolean channelsLast) {
    try {
      scratch = Files.createTempDirectory("candela-bench");
      write(scratch.resolve("images"), setting.images());
      float[] target = new float[setting.batch()];
      for (int i = 0; i < target.length; i++) {
        target[i] = setting.target()[i];
      }
      write(scratch.resolve("target"), target);
      process =
          new ProcessBuilder(
                  python.toString(),
                  script.toString(),
                  setting.model().toString(),
                  scratch.toString(),
                  Integer.toString(setting.threads()),
                  channelsLast ? "channels_last" : "contiguous_format")
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      answers = process.inputReader(StandardCharsets.US_ASCII);
      questions = process.getOutputStream();
      name = "PyTorch " + answer() + " (Python)" + (channelsLast ? ", channels-last" : "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean differentiates() {
    return true;
  }

  @Override
  public void forward() {
    ask("forward");
  }

  @Override
  public float[] output() {
    ask("output");
    return read(scratch.resolve("result"));
  }

  @Override
  public void gradient() {
    ask("gradient");
  }

  @Override
  public float[] inputGradient() {
    ask("inputGradient");
    return read(scratch.resolve("result"));
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    try {
      questions.close();
      process.waitFor();
      for (String file : new String[] {"images", "target", "result"}) {
        Files.deleteIfExists(scratch.resolve(file));
      }
      Files.delete(scratch);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void ask(String question) {
    try {
      questions.write((question + "\n").getBytes(StandardCharsets.US_ASCII));
      questions.flush();
      answer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String answer() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IllegalStateException("torch_cpu.py ended; its message is above");
    }
    return line;
  }

  private static void write(Path file, float[] values) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    Files.write(file, bytes.array());
  }

  private static float[] read(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      float[] values = new float[bytes.length / 4];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
      return values;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
