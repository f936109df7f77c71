package candela.method;

import candela.config.Spec;
import candela.onnx.OnnxModel;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A user's ONNX model as inpainter: float inputs image[n,3,h,w] in red, green, blue and
 * mask[n,1,h,w], 1 where the image is missing; output [n,3,h,w].
 *
 * <p>Missing pixels are given as 0. A model of a fixed size sees the image resized bilinearly, and
 * all that a missing pixel takes part in is missing there; an open height or width is the image's,
 * rounded up to a multiple of 8. Pixels that are known stay as they are.
 *
 * @param name of the file, as it was given
 * @param file where it is found
 * @param values how pixels are given and come back
 * @param sha256 of the model: inpainters are equal when they fill alike, wherever they lie
 */
record ModelInpainter(String name, Path file, Values values, String sha256) implements Inpainter {
  /** What black and white are to the model. */
  enum Values {
    /** 0 … 1 in and out. */
    UNIT(0, 1, 0, 1),
    /** −1 … 1 in and out, as DeepFill and MI-GAN have it. */
    SIGNED(-1, 1, -1, 1),
    /** 0 … 1 in, 0 … 255 out, as some exports of LaMa have it. */
    LEVELS(0, 1, 0, 255);

    final float black;
    final float white;
    final float blackOut;
    final float whiteOut;

    Values(float black, float white, float blackOut, float whiteOut) {
      this.black = black;
      this.white = white;
      this.blackOut = blackOut;
      this.whiteOut = whiteOut;
    }

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** FILE.onnx:values=unit, or with the sha256 that the file must have. */
  static ModelInpainter read(Spec spec, Path folder) {
    List<String> words = Arrays.stream(Values.values()).map(Values::word).toList();
    String word = spec.choice("values", Values.UNIT.word(), words);
    Path file = folder.resolve(spec.name());
    String hash = OnnxModel.read(file).sha256();
    String wanted = spec.text("sha256", hash);
    if (!wanted.equals(hash)) {
      throw CandelaException.of(
          "inpainter: %s: the model with sha256 %s expected, this one's is %s",
          spec.name(), wanted, hash);
    }
    Values values = Values.valueOf(word.toUpperCase(Locale.ROOT));
    return new ModelInpainter(spec.name(), file, values, hash);
  }

  @Override
  public Filling open(Shape image, Levels levels, Workspace workspace) {
    // a session of its own for every probe of a study would fill the memory
    return workspace.once(
        List.of(this, image, levels), () -> new ModelFilling(this, image, levels, workspace));
  }

  @Override
  public String text() {
    return name + ":values=" + values.word() + ",sha256=" + sha256;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof ModelInpainter m && values == m.values && sha256.equals(m.sha256);
  }

  @Override
  public int hashCode() {
    return sha256.hashCode();
  }

  @Override
  public String toString() {
    return text();
  }
}
