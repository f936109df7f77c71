package candela.bench;

import candela.device.Device;
import candela.graph.Network;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.method.Attribution;
import candela.method.Channels;
import candela.method.Gradient;
import candela.method.Method;
import candela.method.SlidingPatch;
import candela.method.SmoothGrad;
import candela.method.Subject;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The works of {@link CudaBench} by Candela's public interface: methods through a pipeline, and a
 * session where an image is on the device already. What was opened for the last kind of work stays
 * open for its next turn.
 */
final class CudaWork implements AutoCloseable {
  private static final Shape IMAGE = Shape.of(3, 224, 224);

  private final Device device;
  private final Path folder;
  private final float[] images;
  private final long[] targets;
  private final Map<String, Network> networks = new HashMap<>();

  /** Network, kind and batch that the open session or pipeline is for. */
  private String open = "";

  private Session session;
  private Pipeline pipeline;

  CudaWork(Device device, Path folder) {
    this.device = device;
    this.folder = folder;
    ByteBuffer pixels = read("images.f32");
    images = new float[pixels.remaining() / Float.BYTES];
    pixels.asFloatBuffer().get(images);
    ByteBuffer classes = read("targets.i64");
    targets = new long[classes.remaining() / Long.BYTES];
    classes.asLongBuffer().get(targets);
  }

  /** Seconds of the repeats; of a gradient the file that it was written to. */
  Map<String, Object> run(CudaAsk ask) {
    return switch (ask.work()) {
      case "gradient" -> Map.of("file", gradient(ask));
      case "latency", "rate" -> timed(ask, onDevice(ask));
      case "latency-copies" -> timed(ask, explain(ask, new Gradient(), 1));
      case "smoothgrad" -> timed(ask, explain(ask, smoothGrad(ask.samples()), ask.images()));
      case "sliding" ->
          timed(ask, explain(ask, new SlidingPatch(ask.patch(), ask.stride(), ScoreKind.LOGIT), 1));
      default -> throw CandelaException.of("work: '%s' is not known", ask.work());
    };
  }

  private static Method smoothGrad(int samples) {
    return new SmoothGrad(
        samples, 0.15, 0, SmoothGrad.Type.SMOOTHGRAD, 0, ScoreKind.LOGIT, Channels.SUM_ABSOLUTE);
  }

  private static Map<String, Object> timed(CudaAsk ask, Runnable work) {
    long begin = System.nanoTime();
    while ((System.nanoTime() - begin) * 1e-9 < ask.warmup()) {
      work.run();
    }
    List<Double> seconds = new ArrayList<>();
    double all = 0;
    while (seconds.size() < ask.repeats() && (seconds.isEmpty() || all < ask.seconds())) {
      long start = System.nanoTime();
      work.run();
      seconds.add((System.nanoTime() - start) * 1e-9);
      all += seconds.getLast();
    }
    return Map.of("seconds", seconds);
  }

  /** Images on the device to gradients on the device. */
  private Runnable onDevice(CudaAsk ask) {
    Session s = session(ask.network(), ask.batch());
    long[] target = classes(ask.batch());
    MemorySegment end = Arena.ofAuto().allocate(Float.BYTES);
    return () -> {
      s.forward();
      s.queueScore(ScoreKind.LOGIT, target);
      s.backward(Rules.GRADIENT);
      // Waits: the copy of one number comes after all work before it.
      device.copyOut(s.gradient().data().asSlice(0, end.byteSize()), end);
    };
  }

  /** Images on the host to maps on the host, as callers run methods. */
  private Runnable explain(CudaAsk ask, Method method, int count) {
    Pipeline p = pipeline(ask.network(), ask.batch());
    List<Subject> subjects = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      subjects.add(new Subject(IMAGE, image(i), (int) targets[i % targets.length]));
    }
    return () -> {
      try (Workspace workspace = new Workspace(device).ofMaps()) {
        List<Probe<Attribution>> probes =
            subjects.stream().map(s -> method.probe(s, workspace)).toList();
        p.run(probes);
        probes.forEach(probe -> probe.result().map());
      }
    };
  }

  private String gradient(CudaAsk ask) {
    Session s = session(ask.network(), ask.batch());
    s.forward();
    s.score(ScoreKind.LOGIT, classes(ask.batch()));
    s.backward(Rules.GRADIENT);
    float[] g = device.read(s.gradient());
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * g.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(g);
    Path file = folder.resolve("candela-" + ask.network() + ".f32");
    try {
      Files.write(file, bytes.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.toString();
  }

  private Session session(String network, int batch) {
    String wanted = "session " + network + " " + batch;
    if (!open.equals(wanted)) {
      forget();
      session = network(network).session(device, batch, SessionOptions.GRADIENT);
      Tensor input = session.input();
      for (int i = 0; i < batch; i++) {
        device.write(input.rows(i, i + 1), image(i));
      }
      session.rehearse();
      open = wanted;
    }
    return session;
  }

  private Pipeline pipeline(String network, int batch) {
    String wanted = "pipeline " + network + " " + batch;
    if (!open.equals(wanted)) {
      forget();
      pipeline = new Pipeline(network(network), device, batch);
      open = wanted;
    }
    return pipeline;
  }

  private Network network(String name) {
    return networks.computeIfAbsent(name, n -> Network.load(folder.resolve(n + ".onnx")));
  }

  private long[] classes(int batch) {
    long[] classes = new long[batch];
    Arrays.setAll(classes, i -> targets[i % targets.length]);
    return classes;
  }

  /** The image of this index; there are as many as targets, and then they come again. */
  private float[] image(int index) {
    int n = IMAGE.count();
    int from = index % targets.length * n;
    return Arrays.copyOfRange(images, from, from + n);
  }

  private ByteBuffer read(String name) {
    try {
      return ByteBuffer.wrap(Files.readAllBytes(folder.resolve(name)))
          .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Closes what is open, so that another kind of work, or a smaller batch, has the memory. */
  void forget() {
    open = "";
    if (session != null) {
      session.close();
      session = null;
    }
    if (pipeline != null) {
      pipeline.close();
      pipeline = null;
    }
  }

  @Override
  public void close() {
    forget();
  }
}
