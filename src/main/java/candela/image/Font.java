package candela.image;

import candela.tensor.Resource;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lwjgl.stb.STBTTFontinfo;
import org.lwjgl.stb.STBTruetype;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;

/**
 * Liberation Sans (SIL Open Font License, from the jar openpdf-fonts-extra) at one size. The glyphs
 * stay in native memory for the life of the process; threads may share a font.
 */
final class Font {
  private static final String FOLDER = "/liberation/LiberationSans-";

  private final STBTTFontinfo info;
  private final float scale;
  private final int size;

  private Font(STBTTFontinfo info, int size) {
    this.info = info;
    this.size = size;
    this.scale = STBTruetype.stbtt_ScaleForMappingEmToPixels(info, size);
  }

  static Font regular(int size) {
    return new Font(Regular.INFO, size);
  }

  static Font bold(int size) {
    return new Font(Bold.INFO, size);
  }

  private static final class Regular {
    static final STBTTFontinfo INFO = load("Regular");
  }

  private static final class Bold {
    static final STBTTFontinfo INFO = load("Bold");
  }

  private static STBTTFontinfo load(String face) {
    Stb.ready();
    byte[] bytes = Resource.bytes(Font.class, FOLDER + face + ".ttf");
    ByteBuffer data = MemoryUtil.memAlloc(bytes.length).put(bytes).flip();
    STBTTFontinfo info = STBTTFontinfo.malloc();
    if (!STBTruetype.stbtt_InitFont(info, data)) {
      throw new IllegalStateException("font " + face + " is damaged");
    }
    return info;
  }

  /** Pixels of the em, about 1.4 times the height of a capital. */
  int size() {
    return size;
  }

  /** From one baseline to the next. */
  int leading() {
    return Math.round(size * 1.3f);
  }

  /** Receives the cover of a pixel, 1 to 255, relative to the start of the baseline. */
  interface Ink {
    void put(int x, int y, int cover);
  }

  /** Pixels from the start to the end of a line. */
  double width(String text) {
    return draw(text, 0, null);
  }

  /**
   * Draws a line from a start between pixels.
   *
   * @return its width
   */
  double draw(String text, double start, Ink ink) {
    double x = start;
    int[] points = text.codePoints().toArray();
    try (MemoryStack stack = MemoryStack.stackPush()) {
      var advance = stack.mallocInt(1);
      var bearing = stack.mallocInt(1);
      for (int i = 0; i < points.length; i++) {
        if (ink != null) {
          glyph(points[i], x, ink);
        }
        STBTruetype.stbtt_GetCodepointHMetrics(info, points[i], advance, bearing);
        int kern =
            i + 1 < points.length
                ? STBTruetype.stbtt_GetCodepointKernAdvance(info, points[i], points[i + 1])
                : 0;
        x += scale * (advance.get(0) + kern);
      }
    }
    return x - start;
  }

  private void glyph(int point, double x, Ink ink) {
    int whole = (int) Math.floor(x);
    float shift = (float) (x - whole);
    try (MemoryStack stack = MemoryStack.stackPush()) {
      var x0 = stack.mallocInt(1);
      var y0 = stack.mallocInt(1);
      var x1 = stack.mallocInt(1);
      var y1 = stack.mallocInt(1);
      STBTruetype.stbtt_GetCodepointBitmapBoxSubpixel(
          info, point, scale, scale, shift, 0, x0, y0, x1, y1);
      int w = x1.get(0) - x0.get(0);
      int h = y1.get(0) - y0.get(0);
      if (w < 1 || h < 1) {
        return;
      }
      ByteBuffer cover = stack.calloc(w * h);
      STBTruetype.stbtt_MakeCodepointBitmapSubpixel(
          info, cover, w, h, w, scale, scale, shift, 0, point);
      for (int i = 0; i < w * h; i++) {
        if (cover.get(i) != 0) {
          ink.put(whole + x0.get(0) + i % w, y0.get(0) + i / w, cover.get(i) & 255);
        }
      }
    }
  }

  /** The text in lines no wider than asked, broken at spaces and commas, within words at need. */
  List<String> wrap(String text, double width) {
    List<String> lines = new ArrayList<>();
    for (String paragraph : text.split("\n", -1)) {
      String line = "";
      for (String word : paragraph.split("(?<=[ ,])", -1)) {
        if (!line.isEmpty() && width((line + word).strip()) > width) {
          lines.add(line.strip());
          line = "";
        }
        line += word;
        while (width(line.strip()) > width && line.length() > 1) {
          int fits = line.length() - 1;
          while (fits > 1 && width(line.substring(0, fits)) > width) {
            fits--;
          }
          lines.add(line.substring(0, fits));
          line = line.substring(fits);
        }
      }
      lines.add(line.strip());
    }
    return lines;
  }
}
