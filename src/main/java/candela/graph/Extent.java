package candela.graph;

/**
 * What is held of a feature map along one side: the pixels that a window in the image may change,
 * perhaps some more. Pixel i depends on the image's pixels jump · i + low to jump · i + high.
 *
 * @param align 0 where all pixels are held; else the first is step · floor(ceil((t − high) / jump)
 *     / align) + shift, t being where the window starts
 * @param size pixels; some may lie outside the map
 */
record Extent(int jump, int low, int high, int align, int step, int shift, int size) {
  /** All pixels of the image. */
  static Extent image(int size) {
    return new Extent(1, 0, 0, 0, 0, 0, size);
  }

  boolean isWhole() {
    return align == 0;
  }

  /** As many pixels of a map with the same dependence, whole. */
  Extent whole(int size) {
    return new Extent(jump, low, high, 0, 0, 0, size);
  }

  /** The pixels of a map with the same dependence that a window of so many pixels may change. */
  Extent changed(int window, int align, int least) {
    int most = Math.floorDiv(window - 1 + high - low, jump) + 1;
    int size = Math.max(most + align - 1, least);
    return new Extent(jump, low, high, align, align, 0, Math.ceilDiv(size, align) * align);
  }

  /** How pixels depend on the image that are made from these. */
  Extent behind(Reach reach, int axis) {
    int before = reach.pads()[axis];
    return new Extent(
        Math.multiplyExact(jump, reach.strides()[axis]),
        low - before * jump,
        high + (reach.size()[axis] - 1 - before) * jump,
        0,
        0,
        0,
        0);
  }

  /** How pixels depend on the image that depend on it in both ways; null where that is none. */
  Extent and(Extent other) {
    if (jump != other.jump) {
      return null;
    }
    return new Extent(jump, Math.min(low, other.low), Math.max(high, other.high), 0, 0, 0, 0);
  }

  /** What these pixels are made from. */
  Extent before(Reach reach, int axis) {
    int stride = reach.strides()[axis];
    return new Extent(
        jump,
        low,
        high,
        align,
        step * stride,
        shift * stride - reach.pads()[axis],
        (size - 1) * stride + reach.size()[axis]);
  }

  /** Whether the same pixels are held. They may depend on others: low is not compared. */
  boolean holdsSame(Extent other) {
    if (isWhole() || other.isWhole()) {
      return isWhole() && other.isWhole();
    }
    return high == other.high
        && jump == other.jump
        && align == other.align
        && step == other.step
        && shift == other.shift
        && size == other.size;
  }

  /** As kernels take it: jump, high, align, step, shift, size. */
  int[] ints() {
    return new int[] {jump, high, align, step, shift, size};
  }
}
