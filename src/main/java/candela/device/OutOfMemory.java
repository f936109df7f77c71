package candela.device;

import candela.tensor.CandelaException;

/** The device has no room for what was asked; a smaller batch may fit. */
public final class OutOfMemory extends CandelaException {
  public OutOfMemory(String message) {
    super(message);
  }

  public OutOfMemory(String message, Throwable cause) {
    super(message, cause);
  }
}
