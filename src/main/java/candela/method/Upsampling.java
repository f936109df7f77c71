package candela.method;

import candela.image.Filter;
import candela.image.Resize;

/** How a map of a layer becomes one of the image. */
public enum Upsampling {
  /** Between the centres of the layer's pixels; PyTorch's align_corners=False. */
  BILINEAR,
  /** The layer's pixel that covers the image's. */
  NEAREST,
  /** Not at all: the map has the layer's size. */
  NONE;

  float[] of(float[] map, int h, int w, int height, int width) {
    return switch (this) {
      case BILINEAR -> Resize.of(map, h, w, height, width, Filter.BILINEAR);
      case NEAREST -> Resize.of(map, h, w, height, width, Filter.NEAREST);
      case NONE -> map;
    };
  }
}
