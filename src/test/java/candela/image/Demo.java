package candela.image;

import java.nio.file.Path;
import java.util.List;

/** Draws a sheet of made-up maps, to be looked at: {@code Demo PHOTO… OUT.png}. */
final class Demo {
  private static final int SIDE = 28;

  private Demo() {}

  public static void main(String[] args) {
    ContactSheet sheet =
        new ContactSheet(
            "squeezenet1.1.onnx: three maps of the predicted class",
            "caffe-bgr · score: logit · device: cpu · seed 0");
    for (int i = 0; i < args.length - 1; i++) {
      Image photo = Preprocess.of("imagenet").view(Image.read(Path.of(args[i])), 448, 448);
      sheet.row(
          List.of(
              new ContactSheet.Cell(
                  photo, Path.of(args[i]).getFileName().toString(), "iguana 97.7 %", null),
              signed("integrated-gradients", photo, 3),
              unsigned("smoothgrad", photo, 2),
              heat("gradient", photo)));
    }
    sheet.draw().writePng(Path.of(args[args.length - 1]));
  }

  private static ContactSheet.Cell signed(String name, Image photo, int waves) {
    HeatMap map = map(waves, true);
    return new ContactSheet.Cell(
        map.over(photo),
        name,
        "nSteps=50, baseline=zero, rule=gauss-legendre, channels=sum, score=logit of class 39",
        map.scale());
  }

  private static ContactSheet.Cell unsigned(String name, Image photo, int waves) {
    HeatMap map = map(waves, false);
    return new ContactSheet.Cell(map.over(photo), name, "samples=50, stdev=0.15", map.scale());
  }

  private static ContactSheet.Cell heat(String name, Image photo) {
    HeatMap map = map(3, true);
    return new ContactSheet.Cell(
        map.draw(photo.width(), photo.height()), name, "channels=sum", map.scale());
  }

  private static HeatMap map(int waves, boolean signed) {
    float[] v = new float[SIDE * SIDE];
    for (int i = 0; i < v.length; i++) {
      double x = (i % SIDE) / (double) SIDE - 0.45;
      double y = Math.floorDiv(i, SIDE) / (double) SIDE - 0.5;
      double bell = Math.exp(-8 * (x * x + y * y));
      double wave = Math.cos(waves * 5 * x) * Math.cos(waves * 4 * y);
      v[i] = (float) (0.0123 * bell * (signed ? wave : Math.abs(wave)));
    }
    v[5] = signed ? v[5] : Float.NaN;
    return new HeatMap(v, SIDE, SIDE, Scale.of(v, signed, Scale.PERCENTILE));
  }
}
