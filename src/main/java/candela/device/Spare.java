package candela.device;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * What a device holds for later use, as sessions that nobody runs, and gives up where memory is
 * short.
 *
 * <p>To be added to by any thread; gives in that which uses the device.
 */
public final class Spare {
  private final List<BooleanSupplier> holders = new CopyOnWriteArrayList<>();

  /**
   * @param holder gives up what it can, and tells whether that was anything
   */
  public void add(BooleanSupplier holder) {
    holders.add(holder);
  }

  public void remove(BooleanSupplier holder) {
    holders.remove(holder);
  }

  /** Gives up all of it; tells whether that was anything. */
  public boolean give() {
    boolean gave = false;
    for (BooleanSupplier holder : holders) {
      gave |= holder.getAsBoolean();
    }
    return gave;
  }

  /**
   * What work takes, where there is no room for it at once, after others have given up what they
   * hold.
   */
  public <T> T room(Supplier<T> take) {
    try {
      return take.get();
    } catch (OutOfMemory e) {
      if (!give()) {
        throw e;
      }
      return take.get();
    }
  }
}
