package candela.sanity;

import candela.graph.Network;
import java.math.BigDecimal;
import java.util.function.Supplier;

/**
 * What maps are compared with: those of a network that should be explained otherwise.
 *
 * @param kind what is different
 * @param name in tables, unique in a check
 * @param about more of it, may be empty
 * @param network gives it; one made anew takes memory only while its maps are made
 * @param shift of the images that it reads
 */
public record Variant(
    Kind kind, String name, String about, Supplier<Network> network, Shift shift) {
  /** What is different from the original. */
  public enum Kind {
    /** The same network, and another class. */
    ANOTHER_CLASS,
    /** Parameters of some layers are random. */
    RANDOMISED,
    /** Another model, say one that was trained on shuffled labels. */
    ANOTHER_MODEL,
    /** The same function of the same pictures, whose values are higher: its map should stay. */
    SHIFTED_INPUT
  }

  /** Of a kind that reads the images as they are. */
  public Variant(Kind kind, String name, String about, Supplier<Network> network) {
    this(kind, name, about, network, Shift.NONE);
  }

  /** The network where every value of the images is higher by a number, which it takes off. */
  public static Variant shifted(float by, Network network) {
    Shift shift = new Shift(by);
    String number = new BigDecimal(Float.toString(by)).stripTrailingZeros().toPlainString();
    String name = "input " + (by < 0 ? "" : "+") + number;
    return new Variant(Kind.SHIFTED_INPUT, name, "", () -> shift.of(network), shift);
  }
}
