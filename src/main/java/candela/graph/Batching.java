package candela.graph;

import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads lengths that a file holds for batches of one size as those of another.
 *
 * <p>Exporters write the batch that they saw into shapes: an image of 56 × 56 pixels becomes 64
 * windows, and ten images would become 640. What a value's shape is in the file's own batch is
 * known. Where images lie in it, it has another here, longer along one axis in the proportion of
 * the batches; the images are counted by the outer part of that axis, or, where pixels and images
 * became rows, by the inner one or one between. Refused is what leaves no images, or does not tell
 * where they lie, and an operator that lets them reach each other ({@link Mixing}).
 *
 * <p>Used by one import, not thread-safe.
 */
final class Batching {
  private final Builder made;
  private final int batch;

  /** Values in which images lie, with how much their axis counts outside of the images. */
  private final Map<String, Integer> images = new HashMap<>();

  /**
   * Of values that hold something for each image of the file's own batch: whether it is the same.
   */
  private final Map<List<Object>, Boolean> alike = new HashMap<>();

  /** Values in which each image's own number may be counted, to be read as places alone. */
  private final Set<String> numbered = new HashSet<>();

  /**
   * @param made the graph in the file's own batch
   */
  Batching(Builder made, int batch) {
    this.made = made;
    this.batch = batch;
  }

  /** The batch that the file was made for. */
  int made() {
    return made.batch();
  }

  /** The shape of an ONNX value in the file's own batch. */
  Shape own(String value) {
    return made.value("value", value).shape();
  }

  /** What a constant list of integers holds in the file's own batch. */
  long[] longs(String value) {
    return made.known(made.value("value", value)).constant().longs();
  }

  /** Whether a constant is the same in the file's own batch: not computed from shapes. */
  boolean isWritten(OnnxTensor constant, String value) {
    Value there = made.known(made.value("value", value));
    return there.isConstant()
        && there.constant().isInteger() == constant.isInteger()
        && (constant.isInteger()
            ? Arrays.equals(there.constant().longs(), constant.longs())
            : Arrays.equals(there.constant().floats(), constant.floats()));
  }

  /** The first dimension of an input counts images, where it is as long as the batch. */
  void input(String name, Shape here) {
    if (axis(name, here) == 0) {
      images.put(name, 1);
    }
  }

  /**
   * Finds out where images lie in what a node left.
   *
   * @throws CandelaException where they do not, or the node mixes them
   */
  void follow(OnnxNode node, Builder here) {
    node.inputs().stream().filter(numbered::contains).forEach(x -> number(node, x, here));
    boolean any = false;
    int outer = 0;
    int block = 0;
    for (int i = 0; i < node.inputs().size(); i++) {
      String x = node.inputs().get(i);
      if (!images.containsKey(x)) {
        continue;
      }
      any = true;
      Mixing.Site site = site(node, i, here);
      int axis = site.axis();
      if (Mixing.mixes(site)) {
        throw CandelaException.of("it mixes the images along axis %d of '%s'", axis, x);
      }
      if (own(x).dim(axis) != made()) {
        if (outer > 0 && outer != images.get(x)) {
          throw CandelaException.of("it meets images in another order in '%s'", x);
        }
        outer = images.get(x);
        block = own(x).dim(axis) / outer;
      }
    }
    if (!any) {
      return;
    }
    for (String y : node.outputs()) {
      Value v = here.find(y);
      if (v == null || v.isConstant()) {
        continue;
      }
      int axis = axis(y, v.shape());
      if (axis < 0) {
        throw CandelaException.of("'%s' is %s for any number of images", y, v.shape());
      }
      if (reshapes(node)) {
        images.put(y, seen(node.inputs().getFirst(), here, y, axis));
      } else {
        // a slice may have left fewer of the outer ones
        images.put(y, outer > 1 ? own(y).dim(axis) / block : 1);
      }
    }
    checkOthers(node, here, Math.max(outer, 1));
  }

  /** Whether what a node reads beside its images, and images in other places, are theirs. */
  private void checkOthers(OnnxNode node, Builder here, int outer) {
    String y = node.outputs().getFirst();
    for (int i = 0; i < node.inputs().size(); i++) {
      String x = node.inputs().get(i);
      Value v = x.isEmpty() ? null : here.find(x);
      if (v != null && images.containsKey(x)) {
        if (Mixing.isAligned(node.op(), i) && images.containsKey(y)) {
          int last = axis(x, v.shape()) - v.shape().rank();
          Shape whole = here.find(y).shape();
          if (last != axis(y, whole) - whole.rank()) {
            throw CandelaException.of("it meets images along another axis in '%s'", x);
          }
        }
      } else if (v != null && v.isConstant() && own(x).rank() == v.shape().rank()) {
        boolean beside = Mixing.isAligned(node.op(), i) || node.op().equals("Concat");
        if (v.integer() && beside && isNumber(x, v.constant())) {
          numbered.addAll(node.outputs());
        } else if (!v.integer() || beside) {
          checkSame(x, v.constant(), outer);
        } else if (Mixing.isPlace(node.op(), i) && own(x).equals(v.shape())) {
          checkPlaces(node, i, here);
        }
      }
    }
  }

  /** Refuses what reads a value with the images' own numbers as other than their own places. */
  private void number(OnnxNode node, String x, Builder here) {
    // a node that is kept apart reads places after what it picks from
    boolean places =
        node.op().equals("Shape")
            || here.isApart(node.outputs().getFirst()) && !x.equals(node.inputs().getFirst());
    if (reshapes(node)) {
      numbered.addAll(node.outputs());
    } else if (!places) {
      throw CandelaException.of("'%s' depends on how many images there are", x);
    }
  }

  /** Whether the images' own numbers are in it. */
  boolean isNumbered(String value) {
    return numbered.contains(value);
  }

  /** Whether a constant counts the images, each as often as the first. */
  private boolean isNumber(String name, OnnxTensor here) {
    Shape s = here.shape();
    int axis = axis(name, s);
    if (axis != 0 || s.dim(0) != batch || batch < 2) {
      return false;
    }
    long[] all = here.longs();
    int each = all.length / batch;
    for (int i = 0; i < all.length; i++) {
      if (all[i] != i / each * all[each]) {
        return false;
      }
    }
    return each > 0 && all[each] > 0;
  }

  /** Refuses a constant that is another for another number of images, or for each of them. */
  private void checkSame(String name, OnnxTensor here, int outer) {
    OnnxTensor own = made.value("value", name).constant();
    if (own == null || here == own) {
      return; // what is left to sessions is not looked into
    }
    Shape s = here.shape();
    int axis = axis(name, s);
    int many = axis < 0 ? 1 : batch;
    int made = axis < 0 ? 1 : made();
    boolean inner = axis >= 0 && s.dim(axis) % (outer * batch) == 0;
    int rows = axis < 0 ? 1 : s.count(0, axis) * (inner ? outer : 1);
    int each = s.count() / Math.max(rows * many, 1);
    double[] x = Fold.doubles(here);
    double[] first = Fold.doubles(own);
    for (int i = 0; i < x.length; i++) {
      int row = i / (each * many);
      if (isOther(x[i], first[row * made * each + i % each])) {
        throw CandelaException.of("'%s' depends on how many images there are", name);
      }
    }
  }

  /**
   * Whether a value that does not depend on images, seen as some rows of parts, has the same parts
   * in each row; it is looked into once.
   */
  boolean isAlike(Value v, Shape parts, Builder here) {
    return alike.computeIfAbsent(
        List.of(v, parts), k -> isAlike(here.present(v).constant(), parts));
  }

  /** The same of a constant; false of none. */
  static boolean isAlike(OnnxTensor t, Shape parts) {
    if (t == null) {
      return false;
    }
    double[] x = Fold.doubles(t);
    int length = parts.dim(2);
    int row = parts.dim(1) * length;
    for (int i = 0; i < x.length; i++) {
      if (isOther(x[i], x[i - i % row + i % length])) {
        return false;
      }
    }
    return true;
  }

  private static boolean isOther(double a, double b) {
    return a != b && !(Double.isNaN(a) && Double.isNaN(b));
  }

  /** Refuses places along other axes than that of the images, where they are others. */
  private void checkPlaces(OnnxNode node, int i, Builder here) {
    String x = node.inputs().getFirst();
    Mixing.Site site = images.containsKey(x) ? site(node, 0, here) : null;
    String name = node.inputs().get(i);
    OnnxTensor own = made.value("value", name).constant();
    long[] places = here.find(name).constant().longs();
    long[] before = own == null ? places : own.longs();
    for (int k = 0; k < places.length; k++) {
      boolean judged = site != null && Mixing.isJudged(site, k, places.length);
      if (places[k] != before[k] && !judged) {
        throw CandelaException.of("'%s' depends on how many images there are", name);
      }
    }
  }

  /** Input i of a node, which holds images. */
  private Mixing.Site site(OnnxNode node, int i, Builder here) {
    String x = node.inputs().get(i);
    Shape shape = here.find(x).shape();
    Shape y = own(node.outputs().getFirst());
    return new Mixing.Site(node, here, this, i, axis(x, shape), shape, own(x), y);
  }

  private static boolean reshapes(OnnxNode node) {
    return switch (node.op()) {
      case "Flatten", "Reshape", "Squeeze", "Unsqueeze" -> true;
      default -> false;
    };
  }

  /** What an axis of y counts outside of the images, by how many elements of x come before them. */
  private int seen(String x, Builder here, String y, int axis) {
    Shape own = own(y);
    long before = before(x, axis(x, here.find(x).shape()));
    if (!counts(own, axis, before)) {
      throw CandelaException.of("%s cannot be seen as %s for other batches", own(x), own);
    }
    return (int) (before / own.count(0, axis));
  }

  /** Whether images that so many elements come before can be counted by a part of the axis. */
  private boolean counts(Shape own, int axis, long before) {
    long outside = own.count(0, axis);
    return before % outside == 0 && own.dim(axis) % (before / outside * made()) == 0;
  }

  /** What is counted outside of the images. */
  private long before(String x, int axis) {
    return (long) own(x).count(0, axis) * outer(x);
  }

  /** How much the axis of the images counts outside of them: 1 where they are its outer part. */
  int outer(String value) {
    return images.getOrDefault(value, 1);
  }

  /**
   * The axis along which images lie; -1 where the value is the same for all.
   *
   * @param here its shape in this batch
   */
  int axis(String value, Shape here) {
    Shape own = own(value);
    int axis = -1;
    for (int a = 0; a < here.rank(); a++) {
      int length = own.rank() == here.rank() ? own.dim(a) : -1;
      if (length == here.dim(a)) {
        continue;
      }
      if (axis >= 0 || length % made() != 0 || here.dim(a) != length / made() * batch) {
        throw CandelaException.of("'%s' was %s and is %s: where are the images?", value, own, here);
      }
      axis = a;
    }
    return axis;
  }

  /** A shape of the file's own batch, one axis as many times as long as there are more images. */
  Shape grown(Shape shape, int axis) {
    return shape.with(axis, Math.multiplyExact(shape.dim(axis) / made(), batch));
  }

  /**
   * The shape here of y, which has the elements of x, but another shape that the file holds.
   *
   * @param here the shape of x in this batch
   */
  Shape reshaped(String x, Shape here, String y) {
    Shape to = own(y);
    int axis = axis(x, here);
    if (axis < 0) {
      return to;
    }
    long before = before(x, axis);
    int at = -1;
    for (int a = 0; a < to.rank(); a++) {
      if (to.count(0, a) == before && to.dim(a) % made() == 0 && isBetter(to, a, at, axis)) {
        at = a;
      }
    }
    for (int a = 0; a < to.rank() && at < 0; a++) {
      at = before > to.count(0, a) && counts(to, a, before) ? a : at;
    }
    if (at < 0) {
      throw CandelaException.of("%s cannot be seen as %s for other batches", own(x), to);
    }
    // The last axis holds what is known of each row: images become more rows.
    boolean rows = at == to.rank() - 1 && at > 0 && made() == 1 && to.dim(at) != 1;
    return grown(to, rows ? at - 1 : at);
  }

  /** Better than another axis is one of the images alone, best where they were before. */
  private boolean isBetter(Shape to, int axis, int other, int before) {
    boolean alone = to.dim(axis) == made();
    return other < 0 || alone && (axis == before || to.dim(other) != made());
  }
}
