package candela.roar;

/**
 * Which training it is, in every run of its folder.
 *
 * @param method its {@link RoarSettings#key}
 * @param fraction of the pixels that is removed, or kept
 * @param restart the first is 0
 */
public record Training(String method, double fraction, int restart) {
  /** The model that is explained, on pictures as they are. */
  public static final Training UNCHANGED = new Training("unchanged", 0, 0);
}
