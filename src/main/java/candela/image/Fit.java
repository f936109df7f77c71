package candela.image;

/** How a picture of any shape becomes one of the model's size; crop is the part the model sees. */
public enum Fit {
  /** Crop the middle: of the largest centred rectangle of the model's shape the part, resized. */
  CENTRE,
  /**
   * Resize both sides to the model's / crop, whatever the picture's shape, then crop the middle.
   */
  EXACT,
  /** Resize the short side to the model's / crop, then crop the middle (torchvision, timm). */
  SHORT_SIDE;

  /** The picture at width x height. */
  Image apply(Image image, double crop, Filter filter, int width, int height) {
    int w = image.width();
    int h = image.height();
    return switch (this) {
      case CENTRE -> {
        double unit = Math.min((double) w / width, (double) h / height) * crop;
        int cw = Math.clamp((int) Math.rint(unit * width), 1, w);
        int ch = Math.clamp((int) Math.rint(unit * height), 1, h);
        yield Resize.of(centre(image, cw, ch), width, height, filter);
      }
      case EXACT ->
          centre(
              Resize.of(image, enlarged(width, crop), enlarged(height, crop), filter),
              width,
              height);
      case SHORT_SIDE -> {
        int side = enlarged(Math.max(width, height), crop);
        int rw = w <= h ? side : longer(side, w, h);
        int rh = w <= h ? longer(side, h, w) : side;
        yield centre(Resize.of(image, rw, rh, filter), width, height);
      }
    };
  }

  /** Of a strip as long as images can be, more than an int holds: the resizing refuses that. */
  private static int longer(int side, int length, int other) {
    return (int) Math.min((long) side * length / other, Integer.MAX_VALUE);
  }

  /** As timm: rounded down; the small addition keeps 224 / 0.875 at 256. */
  private static int enlarged(int side, double crop) {
    return (int) (side / crop + 1e-6);
  }

  /** As torchvision's center_crop: halves round to even. */
  private static Image centre(Image image, int width, int height) {
    int left = (int) Math.rint((image.width() - width) / 2.0);
    int top = (int) Math.rint((image.height() - height) / 2.0);
    return image.crop(left, top, width, height);
  }
}
