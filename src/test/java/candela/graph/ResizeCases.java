package candela.graph;

import candela.reference.Moving;
import candela.reference.Nd;
import candela.reference.Resizing;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Cases of {@link ResizeReader}. */
final class ResizeCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private ResizeCases() {}

  static List<OperatorCase> all() {
    var c = new ResizeCases();
    c.upsamples();
    c.nearest();
    c.symmetric();
    c.linear();
    c.cubic();
    c.crops();
    c.ratios();
    return c.cases;
  }

  private static Nd numbers(double... values) {
    return new Nd(new int[] {values.length}, values);
  }

  /** Rows and columns picked by place, rounded down to whole pixels of the image. */
  private static Nd picked(
      Nd x, int h, int w, DoubleUnaryOperator down, DoubleUnaryOperator right) {
    Nd rows = picked(x, 2, h, down);
    return picked(rows, 3, w, right);
  }

  private static Nd picked(Nd x, int axis, int out, DoubleUnaryOperator place) {
    int last = x.dim(axis) - 1;
    return Moving.along(
        x, axis, out, 0, i -> Math.clamp((long) Math.floor(place.applyAsDouble(i)), 0, last));
  }

  private static Nd weighted(
      Nd x, int axis, int out, DoubleUnaryOperator place, DoubleUnaryOperator weight) {
    return Resizing.weighted(x, axis, out, place, weight, 2, false);
  }

  private void upsamples() {
    cases.add(
        OperatorCase.of("Upsample", 7)
            .x(3, 2, 3, 5)
            .attributes("scales", new float[] {1, 1, 2, 3})
            .gives(in -> picked(in.get(0), 6, 15, i -> i / 2, i -> i / 3)));
    cases.add(
        OperatorCase.of("Upsample", 9)
            .x(1, 2, 3, 5)
            .constant(numbers(1, 1, 2, 1.5))
            .attributes("mode", "linear")
            .gives(
                in -> {
                  Nd rows = weighted(in.get(0), 2, 6, i -> i / 2, Resizing::triangle);
                  return weighted(rows, 3, 7, i -> i / 1.5, Resizing::triangle);
                }));
    // Before opset 11: up takes the pixel before the place, down the one after it.
    cases.add(
        OperatorCase.of("Resize", 10)
            .x(3, 1, 7, 3)
            .constant(numbers(1, 1, .75, 2.5))
            .gives(in -> picked(in.get(0), 5, 7, i -> Math.ceil(i / .75), i -> i / 2.5)));
  }

  private void nearest() {
    DoubleUnaryOperator half = i -> (i + .5) * 4 / 6 - .5;
    nearest("round_prefer_floor", i -> Math.ceil(half.applyAsDouble(i) - .5));
    nearest("round_prefer_ceil", i -> half.applyAsDouble(i) + .5);
    nearest("floor", half);
    nearest("ceil", i -> Math.ceil(half.applyAsDouble(i)));
    cases.add(
        OperatorCase.of("Resize", 11)
            .x(3, 2, 7)
            .constant(numbers())
            .constant(numbers(1, 1, .5))
            .attributes("coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor")
            .gives(in -> picked(in.get(0), 2, 3, i -> i * 2)));
    // 0.3 is no float32: 1.5 / 0.3 - 0.5 = 4.5 is meant, whose upper neighbour is 5.
    cases.add(
        OperatorCase.of("Resize", 13)
            .x(1, 1, 7)
            .none()
            .constant(numbers(1, 1, .3f))
            .attributes("nearest_mode", "round_prefer_ceil")
            .gives(in -> picked(in.get(0), 2, 2, i -> i * 10 / 3 + 1.6667)));
    // Nor is 1.4: of 5 · 1.4 pixels 7 are meant, not 6 of 6.9999999.
    cases.add(
        OperatorCase.of("Resize", 13)
            .x(1, 1, 5)
            .none()
            .constant(numbers(1, 1, 1.4f))
            .attributes("coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor")
            .gives(in -> picked(in.get(0), 2, 7, i -> new int[] {0, 0, 1, 2, 2, 3, 4}[(int) i])));
  }

  /** 1/6 + (i + 1/2) / 1.5 - 1/2 = i / 1.5: whole for 0 and 3, whatever the roundings. */
  private void symmetric() {
    cases.add(
        OperatorCase.of("Resize", 19)
            .x(1, 3, 3)
            .none()
            .constant(numbers(1, 1, 1.5))
            .attributes(
                "coordinate_transformation_mode", "half_pixel_symmetric", "nearest_mode", "ceil")
            .gives(in -> picked(in.get(0), 2, 4, i -> new int[] {0, 1, 2, 2}[(int) i])));
  }

  private void nearest(String mode, DoubleUnaryOperator place) {
    cases.add(
        OperatorCase.of("Resize", 13)
            .x(3, 2, 4, 3)
            .none()
            .none()
            .list(3, 2, 6, 3)
            .attributes("nearest_mode", mode)
            .gives(in -> picked(in.get(0), 2, 6, place)));
  }

  private void linear() {
    linear("half_pixel", 7, i -> (i + .5) * 3 / 7 - .5);
    linear("pytorch_half_pixel", 7, i -> (i + .5) * 3 / 7 - .5);
    linear("pytorch_half_pixel", 1, i -> 0);
    linear("align_corners", 7, i -> i * 2 / 6);
    linear("align_corners", 1, i -> 0);
    linear("asymmetric", 7, i -> i * 3 / 7);
    // Of 3 · 1.5 = 4.5 pixels 4 are made, and the last is the last.
    cases.add(
        OperatorCase.of("Resize", 13)
            .x(1, 2, 3, 5)
            .none()
            .constant(numbers(1, 1, 1.5, 1))
            .attributes("mode", "linear", "coordinate_transformation_mode", "align_corners")
            .gives(in -> weighted(in.get(0), 2, 4, i -> i * 2 / 3, Resizing::triangle)));
    // Of 3 · 2.5 = 7.5 pixels 7 are made: half of the rest goes to each end.
    cases.add(
        OperatorCase.of("Resize", 19)
            .x(1, 2, 3, 5)
            .none()
            .constant(numbers(2.5))
            .attributes(
                "mode",
                "linear",
                "axes",
                new int[] {-2},
                "coordinate_transformation_mode",
                "half_pixel_symmetric")
            .gives(
                in ->
                    weighted(
                        in.get(0),
                        2,
                        7,
                        i -> 1.5 * (1 - 7 / 7.5) + (i + .5) / 2.5 - .5,
                        Resizing::triangle)));
    // Three pixels from seven: a triangle 7/3 times as wide.
    cases.add(
        OperatorCase.of("Resize", 18)
            .x(3, 2, 7, 1)
            .none()
            .none()
            .list(3, 1)
            .attributes("mode", "linear", "axes", new int[] {2, 3}, "antialias", 1)
            .gives(
                in ->
                    Resizing.weighted(
                        in.get(0),
                        2,
                        3,
                        i -> (i + .5) * 7 / 3 - .5,
                        d -> Resizing.triangle(d * 3 / 7),
                        3,
                        false)));
  }

  private void linear(String where, int out, DoubleUnaryOperator place) {
    cases.add(
        OperatorCase.of("Resize", 11)
            .x(3, 2, 3, 5)
            .constant(numbers())
            .constant(numbers())
            .list(3, 2, out, 5)
            .attributes("mode", "linear", "coordinate_transformation_mode", where)
            .gives(in -> weighted(in.get(0), 2, out, place, Resizing::triangle)));
  }

  private void cubic() {
    DoubleUnaryOperator place = i -> (i + .5) / 1.5 - .5;
    for (int exclude = 0; exclude < 2; exclude++) {
      boolean e = exclude == 1;
      cases.add(
          OperatorCase.of("Resize", 13)
              .x(1, 2, 5, 4)
              .none()
              .constant(numbers(1, 1, 1.5, 1))
              .attributes("mode", "cubic", "cubic_coeff_a", -.5f, "exclude_outside", exclude)
              .gives(
                  in ->
                      Resizing.weighted(
                          in.get(0), 2, 7, place, d -> Resizing.cubic(-.5, d), 2, e)));
    }
    cases.add(
        OperatorCase.of("Resize", 18)
            .x(3, 1, 4, 7)
            .none()
            .constant(numbers(.5))
            .attributes("mode", "cubic", "axes", new int[] {3}, "antialias", 1)
            .gives(
                in ->
                    Resizing.weighted(
                        in.get(0),
                        3,
                        3,
                        i -> (i + .5) * 2 - .5,
                        d -> Resizing.cubic(-.75, d / 2),
                        4,
                        false)));
  }

  private void crops() {
    // From 0.25 to 1.25 of the height: the last two of five rows lie below the image.
    cases.add(
        OperatorCase.of("Resize", 13)
            .x(3, 2, 5, 3)
            .constant(numbers(0, 0, .25, 0, 1, 1, 1.25, 1))
            .none()
            .list(3, 2, 5, 3)
            .attributes(
                "mode",
                "linear",
                "coordinate_transformation_mode",
                "tf_crop_and_resize",
                "extrapolation_value",
                7.5f)
            .gives(
                in -> {
                  Nd rows = weighted(in.get(0), 2, 5, i -> 1 + i, Resizing::triangle);
                  return Nd.of(rows.dims(), i -> i[2] > 3 ? 7.5 : rows.at(i));
                }));
    // Of 5 * 1.5 = 7.5 columns 7 are made: the first and last at the ends of the crop.
    cases.add(
        OperatorCase.of("Resize", 11)
            .x(3, 2, 5)
            .constant(numbers(0, 0, .25, 1, 1, .75))
            .constant(numbers(1, 1, 1.5))
            .attributes("mode", "linear", "coordinate_transformation_mode", "tf_crop_and_resize")
            .gives(in -> weighted(in.get(0), 2, 7, i -> 1 + i * 2 / 6, Resizing::triangle)));
  }

  private void ratios() {
    // 3 × 6 to at most 7 × 9: 9/6 is the smaller scale, so 4.5 rounded up by 9; at least: 7 × 14.
    for (boolean larger : new boolean[] {false, true}) {
      int h = larger ? 7 : 5;
      int w = larger ? 14 : 9;
      double scale = larger ? 7 / 3.0 : 1.5;
      cases.add(
          OperatorCase.of("Resize", 18)
              .x(1, 2, 3, 6)
              .none()
              .none()
              .list(7, 9)
              .attributes(
                  "mode",
                  "linear",
                  "axes",
                  new int[] {2, 3},
                  "keep_aspect_ratio_policy",
                  larger ? "not_smaller" : "not_larger")
              .gives(
                  in -> {
                    DoubleUnaryOperator place = i -> (i + .5) / scale - .5;
                    Nd rows = weighted(in.get(0), 2, h, place, Resizing::triangle);
                    return weighted(rows, 3, w, place, Resizing::triangle);
                  }));
    }
  }
}
