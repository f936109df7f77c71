package candela.graph;

import candela.reference.Nd;
import candela.reference.Sampling;
import java.util.ArrayList;
import java.util.List;

/** Cases of {@link GridReaders}. */
final class GridCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private GridCases() {}

  static List<OperatorCase> all() {
    var c = new GridCases();
    c.samples();
    c.grids();
    return c.cases;
  }

  private void samples() {
    for (String mode : List.of("nearest", "linear", "cubic")) {
      for (String padding : List.of("zeros", "border", "reflection")) {
        for (int align = 0; align < 2; align++) {
          boolean middles = align == 1;
          OperatorCase c = OperatorCase.of("GridSample", 20).x(3, 2, 5, 7);
          // steps, which have no slope
          boolean flat = mode.equals("nearest");
          cases.add(
              (flat ? c.constant(3, 3, 4, 2) : c.x(-2.2, 2.2, 3, 3, 4, 2))
                  .attributes("mode", mode, "padding_mode", padding, "align_corners", align)
                  .gives(in -> Sampling.sample(in.get(0), in.get(1), mode, padding, middles)));
        }
      }
    }
    cases.add(
        OperatorCase.of("GridSample", 16)
            .x(1, 3, 4, 1)
            .constant(1, 2, 3, 2)
            .attributes("mode", "bicubic", "padding_mode", "reflection")
            .gives(in -> Sampling.sample(in.get(0), in.get(1), "cubic", "reflection", false)));
    cases.add(
        OperatorCase.of("GridSample", 16)
            .constant(2, 3, 4, 3)
            .x(2, 1, 5, 2)
            .gives(in -> Sampling.sample(in.get(0), in.get(1), "linear", "zeros", false)));
  }

  private void grids() {
    for (int align = 0; align < 2; align++) {
      boolean middles = align == 1;
      for (int[] size : new int[][] {{3, 5}, {1, 4}}) {
        Nd given = MoveCases.numbers(3, 1, size[0], size[1]);
        cases.add(
            OperatorCase.of("AffineGrid", 20)
                .x(3, 2, 3)
                .integer(given)
                .attributes("align_corners", align)
                .gives(in -> Sampling.affine(in.get(0), size[0], size[1], middles)));
      }
    }
  }
}
