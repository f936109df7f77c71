package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.graph.op.Reduce;
import candela.onnx.OnnxNode;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Reader of Einsum: of axes that an operand has twice the diagonal is taken, those that one operand
 * alone has and the output lacks are summed, operands are joined from left to right by batched
 * matrix products, where nothing is summed by products of elements.
 */
final class EinsumReader {
  private static final String FORM = "[a-zA-Z]*+(\\.\\.\\.)?+[a-zA-Z]*+";

  /** Axes that elements of two operands may have, see {@link candela.device.Broadcast}. */
  private static final int RANK = 8;

  /** The last axis that '...' stands for; those before it go down from here. */
  private static final char LAST = Character.MAX_VALUE;

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
    List<String> operands = new ArrayList<>(List.of(sides[0].split(",", -1)));
    boolean plain =
        operands.stream().allMatch(o -> o.matches(FORM))
            && (sides.length == 1 || sides.length == 2 && sides[1].matches(FORM));
    if (!plain || operands.size() != c.inputs()) {
      throw CandelaException.of(
          "equation '%s' of %d operands; supported are letters and '...' for each, joined by"
              + " commas, and for the output",
          equation, c.inputs());
    }
    int others = 0;
    for (int i = 0; i < operands.size(); i++) {
      int hidden = c.x(i).shape().rank() - operands.get(i).replace("...", "").length();
      operands.set(i, lettered(operands.get(i), hidden));
      others = Math.max(others, hidden);
    }
    String output =
        sides.length == 2 ? lettered(sides[1], others) : implied(String.join("", operands));
    return new EinsumReader(c).run(operands, output);
  }

  /** Whether an axis of an operand, of this rank, is summed. */
  static boolean sums(OnnxNode node, int operand, int axis, int rank) {
    String equation = node.text("equation", "").replace(" ", "");
    String[] sides = equation.split("->", -1);
    String own = sides[0].split(",", -1)[operand];
    char letter = lettered(own, rank - own.replace("...", "").length()).charAt(axis);
    if (sides.length == 1) {
      return !isHidden(letter) && sides[0].indexOf(letter) != sides[0].lastIndexOf(letter);
    }
    return isHidden(letter) ? !sides[1].contains("...") : sides[1].indexOf(letter) < 0;
  }

  /** With a character for each of the axes that '...' stands for. */
  private static String lettered(String axes, int hidden) {
    StringBuilder all = new StringBuilder();
    for (int k = hidden; k > 0; k--) {
      all.append((char) (LAST - k + 1));
    }
    return axes.replace("...", all);
  }

  private static boolean isHidden(int axis) {
    return axis > 'z';
  }

  /** As the equation has it. */
  private static String shown(String axes) {
    return axes.replaceAll("[^a-zA-Z]+", "...");
  }

  /** Without '->': the axes of '...', then those that occur once, by letter. */
  private static String implied(String all) {
    StringBuilder output = new StringBuilder();
    all.chars()
        .filter(EinsumReader::isHidden)
        .distinct()
        .sorted()
        .forEach(a -> output.append((char) a));
    all.chars()
        .filter(a -> !isHidden(a) && all.indexOf(a) == all.lastIndexOf(a))
        .sorted()
        .forEach(a -> output.append((char) a));
    return output.toString();
  }

  private Value run(List<String> operands, String output) {
    List<Term> terms = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      terms.add(term(operands.get(i), c.x(i)));
    }
    terms.replaceAll(this::narrowed);
    for (int i = 0; i < terms.size(); i++) {
      terms.set(i, summed(terms.get(i), output + axes(terms, i)));
    }
    Term y = terms.getFirst();
    for (int i = 1; i < terms.size(); i++) {
      y = product(y, terms.get(i), output + axes(terms.subList(i + 1, terms.size()), -1));
    }
    if (repeats(output) || output.length() != y.axes.length()) {
      throw CandelaException.of("output axes '%s' are not those of the operands", shown(output));
    }
    return ordered(y, output);
  }

  /** The axes of all terms but one. */
  private static String axes(List<Term> terms, int but) {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < terms.size(); i++) {
      all.append(i == but ? "" : terms.get(i).axes);
    }
    return all.toString();
  }

  private Term term(String axes, Value v) {
    if (axes.length() != v.shape().rank()) {
      throw CandelaException.of("axes '%s' do not fit operand %s", shown(axes), v.shape());
    }
    for (int k = 0; k < axes.length(); k++) {
      char axis = axes.charAt(k);
      int size = v.shape().dim(k);
      int before = sizes.getOrDefault(axis, size);
      if (before != size && !(isHidden(axis) && Math.min(before, size) == 1)) {
        throw CandelaException.of(
            "axis '%s' is %d and %d long", shown(String.valueOf(axis)), before, size);
      }
      sizes.put(axis, Math.max(before, size));
    }
    Term t = new Term(axes, v);
    for (int k = 0; k < axes.length(); k++) {
      boolean again = axes.indexOf(axes.charAt(k)) < k;
      t = again ? diagonal(t, axes.charAt(k)) : t;
    }
    return t;
  }

  /** The elements at the same place along the first two axes of this letter, which become one. */
  private Term diagonal(Term t, char letter) {
    int first = t.axes.indexOf(letter);
    int second = t.axes.indexOf(letter, first + 1);
    int rank = t.axes.length();
    int[] perm =
        IntStream.concat(
                IntStream.range(0, rank).filter(k -> k != first && k != second),
                IntStream.of(first, second))
            .toArray();
    Value last = c.transpose(t.value, perm);
    int n = last.shape().dim(-1);
    int[] dims = Arrays.copyOf(last.shape().dims(), rank - 1);
    dims[rank - 2] = Math.multiplyExact(n, n);
    int[] places = IntStream.range(0, n).map(i -> i * (n + 1)).toArray();
    Value picked = IndexReaders.picked(c, c.reshape(last, dims), rank - 2, places);
    StringBuilder axes = new StringBuilder(t.axes).deleteCharAt(second).deleteCharAt(first);
    return new Term(axes.append(letter).toString(), picked);
  }

  /** Without the axes of '...' that are 1 long where another operand's are longer. */
  private Term narrowed(Term t) {
    StringBuilder left = new StringBuilder();
    for (int k = 0; k < t.axes.length(); k++) {
      if (t.value.shape().dim(k) == sizes.get(t.axes.charAt(k))) {
        left.append(t.axes.charAt(k));
      }
    }
    return left.length() == t.axes.length()
        ? t
        : new Term(left.toString(), shaped(t.value, left.toString()));
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
    if (inner.isEmpty() && a.axes.length() + b.axes.length() - both.length() <= RANK) {
      return a.axes.length() < b.axes.length() ? scaled(b, a) : scaled(a, b);
    }
    String rows = without(a.axes, b.axes);
    String columns = without(b.axes, a.axes);
    Value p = c.reshape(ordered(a, batch + rows + inner), size(batch), size(rows), size(inner));
    Value q =
        c.reshape(ordered(b, batch + inner + columns), size(batch), size(inner), size(columns));
    return new Term(
        batch + rows + columns, shaped(MatrixReaders.product(c, p, q), batch + rows + columns));
  }

  /** Of elements alone, without sums: a's axes stay as they are, what only b has comes behind. */
  private Term scaled(Term a, Term b) {
    String axes = a.axes + without(b.axes, a.axes);
    Term turned = new Term(only(axes, b.axes), ordered(b, only(axes, b.axes)));
    return new Term(axes, c.binary(Binary.MUL, spread(a, axes), spread(turned, axes)));
  }

  /** With an axis of length 1 for each that the term lacks. */
  private Value spread(Term t, String axes) {
    int[] dims = axes.chars().map(k -> t.axes.indexOf(k) < 0 ? 1 : sizes.get((char) k)).toArray();
    return c.reshape(t.value, dims);
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
