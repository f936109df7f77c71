package candela.graph;

import candela.onnx.OnnxTensor;
import candela.reference.Moving;
import candela.reference.Nd;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases of the operators in {@link MoveReaders}, {@link ConstantReaders}, {@link ReshapeReaders}
 * and {@link PadReader}.
 */
final class MoveCases {
  private static final long MAX = Long.MAX_VALUE;
  private final List<OperatorCase> cases = new ArrayList<>();

  private MoveCases() {}

  static List<OperatorCase> all() {
    var c = new MoveCases();
    c.constants();
    c.shapes();
    c.reshapes();
    c.transposes();
    c.parts();
    c.pads();
    c.blocks();
    return c.cases;
  }

  static Nd numbers(double... values) {
    return new Nd(new int[] {values.length}, values);
  }

  static Nd number(double value) {
    return new Nd(new int[0], new double[] {value});
  }

  private void constants() {
    OnnxTensor t = OnnxTensor.of("t", Shape.of(1, 3), 1.5f, -2, 3);
    cases.add(
        OperatorCase.of("Constant", 7)
            .attributes("value", t)
            .gives(in -> numbers(1.5, -2, 3).as(1, 3)));
    OperatorCase late = OperatorCase.of("Constant", 13);
    cases.add(late.attributes("value_float", 1.5f).gives(in -> number(1.5)));
    cases.add(late.attributes("value_int", -7).gives(in -> number(-7)));
    cases.add(late.attributes("value_floats", new float[] {1, .5f}).gives(in -> numbers(1, .5)));
    cases.add(late.attributes("value_ints", new int[] {3, 1}).gives(in -> numbers(3, 1)));
    OperatorCase filled = OperatorCase.of("ConstantOfShape", 9).list(1, 3, 2);
    cases.add(filled.gives(in -> Nd.of(new int[] {1, 3, 2}, i -> 0)));
    OnnxTensor v = OnnxTensor.of("v", Shape.of(1), 2.5f);
    cases.add(filled.attributes("value", v).gives(in -> Nd.of(new int[] {1, 3, 2}, i -> 2.5)));
    OnnxTensor n = OnnxTensor.of("n", Shape.of(1), -3L);
    cases.add(filled.attributes("value", n).gives(in -> Nd.of(new int[] {1, 3, 2}, i -> -3)));
    OperatorCase eye = OperatorCase.of("EyeLike", 9).x(3, 4);
    cases.add(eye.gives(in -> Nd.of(new int[] {3, 4}, i -> i[0] == i[1] ? 1 : 0)));
    cases.add(
        eye.attributes("k", -1, "dtype", 6)
            .gives(in -> Nd.of(new int[] {3, 4}, i -> i[0] == i[1] + 1 ? 1 : 0)));
    OperatorCase range = OperatorCase.of("Range", 11);
    cases.add(
        range
            .integer(number(7))
            .integer(number(0))
            .integer(number(-3))
            .gives(in -> numbers(7, 4, 1)));
    cases.add(
        range
            .constant(number(.5))
            .constant(number(2))
            .constant(number(.75))
            .gives(in -> numbers(.5, 1.25)));
  }

  private void shapes() {
    OperatorCase shape = OperatorCase.of("Shape", 7).x(3, 1, 5);
    cases.add(shape.gives(in -> numbers(3, 1, 5)));
    OperatorCase part = OperatorCase.of("Shape", 15).x(3, 1, 5);
    cases.add(part.attributes("start", 1).gives(in -> numbers(1, 5)));
    cases.add(part.attributes("start", -9, "end", -1).gives(in -> numbers(3, 1)));
    cases.add(OperatorCase.of("Size", 7).x(3, 1, 5).gives(in -> number(15)));
  }

  private void reshapes() {
    cases.add(OperatorCase.of("Identity", 7).x(3, 5).gives(in -> in.get(0)));
    cases.add(
        OperatorCase.of("Dropout", 7).x(3, 5).attributes("ratio", .25f).gives(in -> in.get(0)));
    cases.add(OperatorCase.of("Dropout", 10).x(1, 7).outputs(2).gives(in -> in.get(0)));
    cases.add(
        OperatorCase.of("Dropout", 13)
            .x(3, 5)
            .constant(number(.5))
            .outputs(2)
            .gives(in -> in.get(0)));
    int[][][] folds = {
      {{-3}, {1, 60}}, {{0}, {1, 60}}, {{1}, {3, 20}}, {{-1}, {12, 5}}, {{3}, {60, 1}}
    };
    for (int[][] f : folds) {
      cases.add(
          OperatorCase.of("Flatten", f[0][0] < 0 ? 11 : 7)
              .x(3, 4, 5)
              .attributes("axis", f[0][0])
              .gives(in -> in.get(0).as(f[1])));
    }
    OperatorCase reshape = OperatorCase.of("Reshape", 7).x(3, 4, 5);
    cases.add(reshape.list(3, -1).gives(in -> in.get(0).as(3, 20)));
    cases.add(reshape.list(0, 0, -1).gives(in -> in.get(0)));
    cases.add(reshape.list(0, 2, -1, 5).gives(in -> in.get(0).as(3, 2, 2, 5)));
    cases.add(reshape.list(-1).gives(in -> in.get(0).as(60)));
    cases.add(
        OperatorCase.of("Reshape", 14)
            .x(3, 4, 5)
            .list(3, 20, 1)
            .attributes("allowzero", 1)
            .gives(in -> in.get(0).as(3, 20, 1)));
    OperatorCase x = OperatorCase.of("Squeeze", 11).x(3, 1, 5, 1);
    cases.add(x.gives(in -> in.get(0).as(3, 5)));
    cases.add(x.attributes("axes", new int[] {1}).gives(in -> in.get(0).as(3, 5, 1)));
    cases.add(x.attributes("axes", new int[] {-1}).gives(in -> in.get(0).as(3, 1, 5)));
    cases.add(
        OperatorCase.of("Squeeze", 13).x(3, 1, 5, 1).list(-3, 3).gives(in -> in.get(0).as(3, 5)));
    cases.add(
        OperatorCase.of("Unsqueeze", 7)
            .x(3, 5)
            .attributes("axes", new int[] {0, 3})
            .gives(in -> in.get(0).as(1, 3, 5, 1)));
    cases.add(
        OperatorCase.of("Unsqueeze", 13).x(3, 5).list(-1, 1).gives(in -> in.get(0).as(3, 1, 5, 1)));
    cases.add(
        OperatorCase.of("Expand", 8)
            .x(3, 1, 5)
            .list(2, 1, 4, 1)
            .gives(in -> Moving.expand(in.get(0), 2, 3, 4, 5)));
    cases.add(OperatorCase.of("Expand", 13).x(3, 5).list(1).gives(in -> in.get(0)));
  }

  private void transposes() {
    int[][] perms = {{0, 1, 2}, {2, 0, 1}, {1, 0, 2}, {0, 2, 1}};
    for (int[] p : perms) {
      cases.add(
          OperatorCase.of("Transpose", 7)
              .x(3, 4, 5)
              .attributes("perm", p)
              .gives(in -> Moving.transpose(in.get(0), p)));
    }
    cases.add(
        OperatorCase.of("Transpose", 13)
            .x(3, 4, 1, 5)
            .gives(in -> Moving.transpose(in.get(0), 3, 2, 1, 0)));
  }

  private void parts() {
    for (int axis = -3; axis < 3; axis++) {
      int a = Math.floorMod(axis, 3);
      int[] other = {3, 4, 5};
      other[a] = 2;
      cases.add(
          OperatorCase.of("Concat", axis < 0 ? 11 : 7)
              .x(3, 4, 5)
              .x(other)
              .attributes("axis", axis)
              .gives(in -> Moving.concat(in.get(0), in.get(1), a)));
    }
    cases.add(
        OperatorCase.of("Concat", 13)
            .constant(1, 2)
            .x(3, 2)
            .attributes("axis", 0)
            .gives(in -> Moving.concat(in.get(0), in.get(1), 0)));
    OperatorCase old = OperatorCase.of("Slice", 7).x(3, 7, 5);
    cases.add(
        old.attributes("starts", new int[] {1, -4}, "ends", new int[] {99, -1})
            .gives(in -> sliced(sliced(in.get(0), 0, 2, 1, 1), 1, 3, 3, 1)));
    cases.add(
        old.attributes("starts", new int[] {2}, "ends", new int[] {6}, "axes", new int[] {1})
            .gives(in -> sliced(in.get(0), 1, 4, 2, 1)));
    OperatorCase x = OperatorCase.of("Slice", 10).x(3, 7, 5);
    cases.add(x.list(1).list(MAX).list(-2).list(3).gives(in -> sliced(in.get(0), 1, 2, 1, 3)));
    cases.add(
        x.list(-1)
            .list(Long.MIN_VALUE)
            .list(1)
            .list(-1)
            .gives(in -> sliced(in.get(0), 1, 7, 6, -1)));
    cases.add(
        x.list(99, -99)
            .list(0, MAX)
            .list(1, 2)
            .list(-4, 2)
            .gives(in -> sliced(sliced(in.get(0), 1, 2, 6, -4), 2, 3, 0, 2)));
    cases.add(
        x.list(0, 1).list(2, 3).gives(in -> sliced(sliced(in.get(0), 0, 2, 0, 1), 1, 2, 1, 1)));
    OperatorCase split = OperatorCase.of("Split", 7).x(3, 6);
    cases.add(split.outputs(3).attributes("axis", 1).gives(in -> sliced(in.get(0), 1, 2, 0, 1)));
    cases.add(
        split
            .outputs(2)
            .attributes("axis", 1, "split", new int[] {5, 1})
            .gives(in -> sliced(in.get(0), 1, 5, 0, 1)));
    cases.add(
        OperatorCase.of("Split", 13)
            .x(3, 7)
            .list(3, 4)
            .outputs(2)
            .attributes("axis", -1)
            .gives(in -> sliced(in.get(0), 1, 3, 0, 1)));
    cases.add(
        OperatorCase.of("Split", 18)
            .x(3, 7)
            .outputs(3)
            .attributes("axis", 1, "num_outputs", 3)
            .gives(in -> sliced(in.get(0), 1, 3, 0, 1)));
  }

  /** n elements along the axis, from one on, step apart. */
  static Nd sliced(Nd x, int axis, int n, int from, int step) {
    return Moving.along(x, axis, n, 0, i -> from + i * step);
  }

  private void pads() {
    cases.add(
        OperatorCase.of("Pad", 7)
            .x(3, 5)
            .attributes("pads", new int[] {0, 2, 1, 1}, "value", 1.5f)
            .gives(in -> padded(padded(in.get(0), 0, 0, 1, 1.5), 1, 2, 1, 1.5)));
    OperatorCase late = OperatorCase.of("Pad", 13).x(3, 5);
    cases.add(late.list(0, -1, 0, 2).gives(in -> padded(in.get(0), 1, -1, 2, 0)));
    cases.add(
        late.list(1, -2, -1, -1)
            .constant(number(-.5))
            .gives(in -> padded(padded(in.get(0), 0, 1, -1, -.5), 1, -2, -1, -.5)));
    OperatorCase axes = OperatorCase.of("Pad", 19).x(3, 5, 4);
    cases.add(
        axes.list(2, 1)
            .none()
            .list(-2)
            .attributes("mode", "edge")
            .gives(in -> Moving.along(in.get(0), 1, 8, 0, i -> Math.clamp(i - 2, 0, 4))));
    cases.add(
        axes.list(6, 4)
            .none()
            .list(1)
            .attributes("mode", "reflect")
            .gives(
                in ->
                    Moving.along(
                        in.get(0), 1, 15, 0, i -> 4 - Math.abs(Math.floorMod(i - 6, 8) - 4))));
    cases.add(
        axes.list(6, 7)
            .none()
            .list(1)
            .attributes("mode", "wrap")
            .gives(in -> Moving.along(in.get(0), 1, 18, 0, i -> Math.floorMod(i - 6, 5))));
    // Cut first: what is wrapped around is the four elements that are left.
    cases.add(
        axes.list(-1, 2)
            .none()
            .list(1)
            .attributes("mode", "wrap")
            .gives(in -> Moving.along(in.get(0), 1, 6, 0, i -> 1 + i % 4)));
    OperatorCase whole = OperatorCase.of("Pad", 11).x(1, 3, 4);
    cases.add(
        whole
            .list(0, 1, 1, 0, 2, 3)
            .attributes("mode", "reflect")
            .gives(
                in ->
                    Moving.along(
                        Moving.along(
                            in.get(0), 1, 6, 0, i -> 2 - Math.abs(Math.floorMod(i - 1, 4) - 2)),
                        2,
                        8,
                        0,
                        i -> 3 - Math.abs(Math.floorMod(i - 1, 6) - 3))));
  }

  private static Nd padded(Nd x, int axis, int before, int after, double value) {
    int n = x.dim(axis);
    return Moving.along(
        x, axis, n + before + after, value, i -> i < before || i >= before + n ? -1 : i - before);
  }

  private void blocks() {
    OperatorCase deep = OperatorCase.of("DepthToSpace", 11).x(3, 12, 1, 3);
    cases.add(
        deep.attributes("blocksize", 2).gives(in -> Moving.depthToSpace(in.get(0), 2, false)));
    cases.add(
        deep.attributes("blocksize", 2, "mode", "CRD")
            .gives(in -> Moving.depthToSpace(in.get(0), 2, true)));
    cases.add(
        OperatorCase.of("SpaceToDepth", 7)
            .x(3, 2, 6, 3)
            .attributes("blocksize", 3)
            .gives(in -> Moving.spaceToDepth(in.get(0), 3)));
  }
}
