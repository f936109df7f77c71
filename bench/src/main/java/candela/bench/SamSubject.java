package candela.bench;

import candela.graph.Network;
import candela.image.Image;
import candela.method.Preparation;
import candela.method.Subject;
import candela.study.Plan;
import candela.study.Study;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * What {@link SamBench} works on: SqueezeNet 1.1, a photo, the plan of {@code sam-all}. Without
 * ../shared the weights are seeded and the photo is smooth noise.
 */
record SamSubject(
    Path file, Network network, Subject subject, String photo, Study study, Plan plan) {
  private static final int SIDE = 256;
  private static final double SMOOTH = 8;

  static SamSubject open(Path shared, Path models) throws IOException {
    Path file = Networks.file("squeezenet1.1", models, shared.resolve("models/squeezenet1.1.onnx"));
    boolean published = file.getFileName().toString().contains("published");
    Network network = Network.load(file);
    var preparation =
        Preparation.of(published ? "caffe-bgr" : "imagenet", network.inputShape(), file.toString());
    Path photo = photo(shared.resolve("photos"));
    Image image = photo == null ? noise() : Image.read(photo);
    float[] pixels = preparation.of(image).pixels();
    Subject subject = new Subject(preparation.shape(), pixels, 0, preparation.levels());
    Study study =
        Study.parse("sam.yaml", "models: [cnn]\nimages: [shipped]\nsweeps: [sam-all]\n", models);
    String name = photo == null ? "smooth noise" : photo.getFileName().toString();
    return new SamSubject(file, network, subject, name, study, Plan.of(study.sweeps()));
  }

  SamSubject of(int target) {
    Subject s = new Subject(subject.shape(), subject.pixels(), target, subject.levels());
    return new SamSubject(file, network, s, photo, study, plan);
  }

  private static Path photo(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return null;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> f.toString().endsWith(".jpg"))
          .min(Comparator.naturalOrder())
          .orElse(null);
    }
  }

  private static Image noise() {
    SplittableRandom random = new SplittableRandom(3);
    float[] levels = new float[3 * SIDE * SIDE];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = (float) (128 + 1500 * (random.nextDouble() - 0.5));
    }
    Gaussian.smooth(levels, 3, SIDE, SIDE, SMOOTH, (int) (3 * SMOOTH), true);
    byte[] rgb = new byte[levels.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) Math.clamp(levels[i % 3 * SIDE * SIDE + i / 3], 0, 255);
    }
    return new Image(SIDE, SIDE, rgb);
  }
}
