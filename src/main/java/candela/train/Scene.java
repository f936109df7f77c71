package candela.train;

import candela.image.Image;

/**
 * One synthetic picture with its truth.
 *
 * @param levels [size,size,3]
 * @param mask the pixels that decide the class
 * @param box left, top, right, bottom of those, the last two exclusive
 */
public record Scene(int size, byte[] levels, boolean[] mask, int[] box, int label) {
  public Image picture() {
    return new Image(size, size, levels.clone());
  }

  /** White where the mask is. */
  public Image maskPicture() {
    byte[] rgb = new byte[3 * mask.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (mask[i / 3] ? 255 : 0);
    }
    return new Image(size, size, rgb);
  }
}
