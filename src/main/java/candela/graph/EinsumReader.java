package candela.graph;

import candela.device.Reduction;
import candela.graph.op.Reduce;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reader of Einsum: axes that one operand alone has and the output lacks are summed, two operands
 * become one batched matrix product.
 */
final class EinsumReader {
  private final Call c;
  private final Map<Character, Integer> sizes = new LinkedHashMap<>();

  private EinsumReader(Call c) {
    this.c = c;
  }

  /** A value with a letter for each axis. */
  private record Term(String axes, Value value) {}

  static Value read(Call c) {
    String equation = c.text("equation", "").replace(" ", "");
    String[] sides = equation.split("->", -1);
    String[] operands = sides[0].split(",", -1);
    boolean plain = sides.length == 2 && equation.matches("[a-zA-Z,]*->[a-zA-Z]*");
    if (!plain || operands.length != c.inputs() || operands.length > 2) {
      throw CandelaException.of(
          "equation '%s' of %d operands; supported are one or two, without ellipsis, with '->'",
          equation, c.inputs());
    }
    return new EinsumReader(c).run(operands, sides[1]);
  }

  private Value run(String[] operands, String output) {
    List<Term> terms = new ArrayList<>();
    for (int i = 0; i < operands.length; i++) {
      Value v = c.x(i);
      if (operands[i].length() != v.shape().rank() || repeats(operands[i])) {
        throw CandelaException.of("axes '%s' do not fit operand %s", operands[i], v.shape());
      }
      for (int k = 0; k < operands[i].length(); k++) {
        Integer before = sizes.put(operands[i].charAt(k), v.shape().dim(k));
        if (before != null && before != v.shape().dim(k)) {
          throw CandelaException.of(
              "axis '%s' is %d and %d long", operands[i].charAt(k), before, v.shape().dim(k));
        }
      }
      String others = output + (operands.length == 2 ? operands[1 - i] : "");
      terms.add(summed(new Term(operands[i], v), others));
    }
    Term y = terms.size() == 1 ? terms.get(0) : product(terms.get(0), terms.get(1), output);
    if (repeats(output) || output.length() != y.axes.length()) {
      throw CandelaException.of("output axes '%s' are not those of the operands", output);
    }
    return ordered(y, output);
  }

  private static boolean repeats(String axes) {
    return axes.chars().distinct().count() != axes.length();
  }

  /** Without the axes that nothing else has. */
  private Term summed(Term t, String others) {
    Value v = t.value;
    for (int k = 0; k < t.axes.length(); k++) {
      if (others.indexOf(t.axes.charAt(k)) < 0) {
        v = c.add(new Reduce(Reduction.SUM, k, k + 1), v);
      }
    }
    String left = only(t.axes, others);
    return left.equals(t.axes) ? t : new Term(left, shaped(v, left));
  }

  private Term product(Term a, Term b, String output) {
    String both = only(a.axes, b.axes);
    String batch = only(both, output);
    String inner = without(both, output);
    String rows = without(a.axes, b.axes);
    String columns = without(b.axes, a.axes);
    Value p = c.reshape(ordered(a, batch + rows + inner), size(batch), size(rows), size(inner));
    Value q =
        c.reshape(ordered(b, batch + inner + columns), size(batch), size(inner), size(columns));
    return new Term(
        batch + rows + columns, shaped(MatrixReaders.product(c, p, q), batch + rows + columns));
  }

  private Value ordered(Term t, String axes) {
    int[] perm = axes.chars().map(a -> t.axes.indexOf(a)).toArray();
    return Transposition.isIdentity(perm) ? t.value : c.transpose(t.value, perm);
  }

  private Value shaped(Value v, String axes) {
    return c.reshape(v, axes.chars().map(a -> sizes.get((char) a)).toArray());
  }

  private int size(String axes) {
    return axes.chars().map(a -> sizes.get((char) a)).reduce(1, Math::multiplyExact);
  }

  private static String only(String axes, String of) {
    return picked(axes, of, true);
  }

  private static String without(String axes, String of) {
    return picked(axes, of, false);
  }

  private static String picked(String axes, String of, boolean present) {
    StringBuilder kept = new StringBuilder();
    axes.chars().filter(a -> of.indexOf(a) >= 0 == present).forEach(a -> kept.append((char) a));
    return kept.toString();
  }
}
