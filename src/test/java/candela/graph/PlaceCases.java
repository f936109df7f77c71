package candela.graph;

import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;

/** Cases of {@link PlaceReaders}: places at run time. */
final class PlaceCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private PlaceCases() {}

  static List<OperatorCase> all() {
    var c = new PlaceCases();
    c.gathers();
    c.tuples();
    c.tuplesOfEach();
    return c.cases;
  }

  private void gathers() {
    for (int axis = -2; axis < 1; axis++) {
      int a = Math.floorMod(axis, 3);
      int n = new int[] {3, 4, 5}[a];
      cases.add(
          OperatorCase.of("Gather", 13)
              .x(3, 4, 5)
              .integers(-n, n, 2, 7)
              .attributes("axis", axis)
              .gives(
                  in -> {
                    int[] dims = a == 0 ? d(2, 7, 4, 5) : a == 1 ? d(3, 2, 7, 5) : d(3, 4, 2, 7);
                    return Nd.of(
                        dims,
                        i -> {
                          int at = Math.floorMod((int) in.get(1).at(i[a], i[a + 1]), n);
                          return switch (a) {
                            case 0 -> in.get(0).at(at, i[2], i[3]);
                            case 1 -> in.get(0).at(i[0], at, i[3]);
                            default -> in.get(0).at(i[0], i[1], at);
                          };
                        });
                  }));
    }
    cases.add(
        OperatorCase.of("Gather", 7)
            .x(3, 5)
            .places(MoveCases.number(2))
            .attributes("axis", 1)
            .gives(in -> Nd.of(d(3), i -> in.get(0).at(i[0], 2))));
  }

  private static int[] d(int... dims) {
    return dims;
  }

  /** Of one axis, of two, of all three; places from the end. */
  private void tuples() {
    OperatorCase x = OperatorCase.of("GatherND", 12).x(3, 4, 5);
    cases.add(
        x.integers(-3, 3, 4, 1)
            .gives(
                in ->
                    Nd.of(
                        d(4, 4, 5),
                        i ->
                            in.get(0)
                                .at(Math.floorMod((int) in.get(1).at(i[0], 0), 3), i[1], i[2]))));
    cases.add(
        x.integers(-3, 3, 1, 7, 2)
            .gives(
                in ->
                    Nd.of(
                        d(1, 7, 5),
                        i ->
                            in.get(0)
                                .at(
                                    Math.floorMod((int) in.get(1).at(0, i[1], 0), 3),
                                    Math.floorMod((int) in.get(1).at(0, i[1], 1), 4),
                                    i[2]))));
    cases.add(
        x.integers(-3, 3, 3)
            .gives(
                in ->
                    MoveCases.number(
                        in.get(0)
                            .at(
                                Math.floorMod((int) in.get(1).at(0), 3),
                                Math.floorMod((int) in.get(1).at(1), 4),
                                Math.floorMod((int) in.get(1).at(2), 5)))));
  }

  private void tuplesOfEach() {
    cases.add(
        OperatorCase.of("GatherND", 12)
            .x(3, 4, 5)
            .integers(-4, 4, 3, 2, 2)
            .attributes("batch_dims", 1)
            .gives(
                in ->
                    Nd.of(
                        d(3, 2),
                        i ->
                            in.get(0)
                                .at(
                                    i[0],
                                    Math.floorMod((int) in.get(1).at(i[0], i[1], 0), 4),
                                    Math.floorMod((int) in.get(1).at(i[0], i[1], 1), 5)))));
  }
}
