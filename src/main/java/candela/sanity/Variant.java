package candela.sanity;

import candela.graph.Network;
import java.util.function.Supplier;

/**
 * What maps are compared with: those of a network that should be explained otherwise.
 *
 * @param kind what is different
 * @param name in tables, unique in a check
 * @param about more of it, may be empty
 * @param network gives it; one made anew takes memory only while its maps are made
 */
public record Variant(Kind kind, String name, String about, Supplier<Network> network) {
  /** What is different from the original. */
  public enum Kind {
    /** The same network, and another class. */
    ANOTHER_CLASS,
    /** Parameters of some layers are random. */
    RANDOMISED,
    /** Another model, say one that was trained on shuffled labels. */
    ANOTHER_MODEL
  }
}
