package candela.sanity;

/** Which layers lose what they learnt, from one stage to the next. */
public enum Order {
  /** The last layer, then more and more of those below: the cascade of Adebayo et al. */
  TOP_DOWN,
  /** The first layer, then more and more of those above. */
  BOTTOM_UP,
  /** One layer alone, from the last down. */
  INDEPENDENT
}
