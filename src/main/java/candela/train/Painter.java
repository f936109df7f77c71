package candela.train;

import candela.device.Philox;

/**
 * Paints one picture of {@link Scenes}: background, clutter, distractors, object, light, damage.
 */
final class Painter {
  /** Places of a pixel, along each side, at which the object's edge is looked for. */
  private static final int FINE = 4;

  private final Scenes scenes;
  private final int index;
  private final Philox random;
  private final int size;
  private final double[] rgb;
  private final boolean[] mask;
  private final int outline;

  Painter(Scenes scenes, int index) {
    this.scenes = scenes;
    this.index = index;
    random = new Philox(scenes.seed(), index);
    size = scenes.size();
    rgb = new double[3 * size * size];
    mask = new boolean[size * size];
    int shapes = Outline.values().length;
    outline = scenes.decides() == Scenes.Decides.SHAPE ? index % shapes : random.below(shapes);
  }

  Scene paint() {
    double[] behind = background();
    for (int i = 0; i < scenes.clutter(); i++) {
      stroke(behind);
    }
    double unit = size / 64.0;
    double radius = unit * random.uniform(11, 18);
    double x = random.uniform(radius + 2, size - radius - 2);
    double y = random.uniform(radius + 2, size - radius - 2);
    for (int i = 0; i < scenes.distractors(); i++) {
      distractor(x, y, radius);
    }
    object(x, y, radius, behind);
    light();
    boolean shape = scenes.decides() == Scenes.Decides.SHAPE;
    boolean planted = shape ? random.coin() : index % 2 == 1;
    if (planted) {
      scenes.artefact().plant(rgb, size, random);
    }
    int label = shape ? outline : planted ? 1 : 0;
    if (!shape) {
      for (int i = 0; i < mask.length; i++) {
        mask[i] = scenes.artefact().covers(i % size, i / size, size);
      }
    }
    return new Scene(size, levels(), mask, box(), label);
  }

  private Texture texture(int number, Texture.Pattern pattern, double scale) {
    return new Texture(random, scenes.seed(), 8L * index + number, pattern, scale);
  }

  /** Fills all and gives its mean colour. */
  private double[] background() {
    boolean shortcut = random.uniform() < scenes.background();
    Texture.Pattern[] patterns = Texture.Pattern.values();
    int chosen = random.below(patterns.length);
    double hue = random.uniform();
    if (shortcut) {
      chosen = outline % patterns.length;
      hue = classHue() + random.uniform(-0.03, 0.03);
    }
    double saturation = random.uniform(0.15, 0.6);
    double value = random.uniform(0.3, 0.85);
    double[] one = Colours.rgb(hue, saturation, value);
    double[] two =
        Colours.rgb(
            hue + random.uniform(-0.08, 0.08),
            saturation * random.uniform(0.5, 1),
            Math.clamp(value + (random.coin() ? 0.25 : -0.25), 0.1, 0.95));
    Texture t = texture(0, patterns[chosen], size / 4.0);
    double[] mean = new double[3];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        double mix = t.at(x, y);
        for (int c = 0; c < 3; c++) {
          double v = one[c] + (two[c] - one[c]) * mix;
          rgb[3 * (y * size + x) + c] = v;
          mean[c] += v / (size * size);
        }
      }
    }
    return mean;
  }

  private double classHue() {
    return outline / (double) Outline.values().length;
  }

  /** A soft line in a colour near the background's. */
  private void stroke(double... behind) {
    double x = random.uniform(0, size);
    double y = random.uniform(0, size);
    double angle = random.uniform(0, Math.PI);
    double length = size * random.uniform(0.15, 0.5);
    double dx = length * StrictMath.cos(angle) / 2;
    double dy = length * StrictMath.sin(angle) / 2;
    double width = size / 64.0 * random.uniform(0.6, 1.8);
    double change = random.uniform(0.08, 0.25) * (random.coin() ? 1 : -1);
    double tint = random.uniform(-0.08, 0.08);
    double[] colour = {behind[0] + change + tint, behind[1] + change, behind[2] + change - tint};
    capsule(x - dx, y - dy, x + dx, y + dy, width, colour, 0.75);
  }

  /** Paints all within width of a line. */
  private void capsule(
      double x1, double y1, double x2, double y2, double width, double[] colour, double opacity) {
    double square = Math.max(1e-9, (x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        double px = x + 0.5 - x1;
        double py = y + 0.5 - y1;
        double t = Math.clamp((px * (x2 - x1) + py * (y2 - y1)) / square, 0, 1);
        double away = Math.hypot(px - t * (x2 - x1), py - t * (y2 - y1));
        double cover = Math.clamp(width - away + 0.5, 0, 1) * opacity;
        if (cover > 0) {
          blend(x, y, cover, colour);
        }
      }
    }
  }

  private void blend(int x, int y, double cover, double... colour) {
    int at = 3 * (y * size + x);
    for (int c = 0; c < 3; c++) {
      rgb[at + c] += cover * (Math.clamp(colour[c], 0, 1) - rgb[at + c]);
    }
  }

  /** A pill, an angle or a blot in a loud colour, beside the object. */
  private void distractor(double x, double y, double radius) {
    double unit = size / 64.0;
    double r = unit * random.uniform(3, 6);
    double px = 0;
    double py = 0;
    boolean apart = false;
    for (int attempt = 0; attempt < 20 && !apart; attempt++) {
      px = random.uniform(r, size - r);
      py = random.uniform(r, size - r);
      apart = Math.hypot(px - x, py - y) > radius + r + unit;
    }
    if (!apart) {
      return;
    }
    double[] colour =
        Colours.rgb(random.uniform(), random.uniform(0.4, 0.9), random.uniform(0.35, 0.95));
    double angle = random.uniform(0, 2 * Math.PI);
    double dx = r * StrictMath.cos(angle);
    double dy = r * StrictMath.sin(angle);
    double width = unit * random.uniform(1.1, 1.9);
    switch (random.below(3)) {
      case 0 -> capsule(px - dx, py - dy, px + dx, py + dy, width, colour, 1);
      case 1 -> {
        capsule(px, py, px + dx, py + dy, width, colour, 1);
        capsule(px, py, px - dy, py + dx, width, colour, 1);
      }
      default -> capsule(px, py, px + dx / 3, py + dy / 3, 1.6 * width, colour, 1);
    }
  }

  /** The shape with its own texture, apart from the background in brightness, and its shadow. */
  private void object(double x, double y, double radius, double... behind) {
    boolean shortcut = random.uniform() < scenes.colour();
    double hue = random.uniform();
    hue = shortcut ? classHue() + random.uniform(-0.03, 0.03) : hue;
    double saturation = random.uniform(0.35, 0.9);
    double[] one = new double[3];
    boolean apart = false;
    for (int attempt = 0; attempt < 30 && !apart; attempt++) {
      one = Colours.rgb(hue, saturation, random.uniform(0.15, 1));
      apart = Math.abs(Colours.luma(one) - Colours.luma(behind)) > 0.22;
      saturation *= apart ? 1 : 0.93;
    }
    double darker = random.uniform(0.65, 0.9);
    double[] two = {one[0] * darker, one[1] * darker, one[2] * darker};
    Texture.Pattern[] patterns = Texture.Pattern.values();
    Texture t = texture(1, patterns[random.below(patterns.length)], radius);
    double angle = random.uniform(0, 2 * Math.PI);
    double aspect = random.uniform(0.88, 1.12);
    double cos = StrictMath.cos(angle) / radius;
    double sin = StrictMath.sin(angle) / radius;
    double[] cover = new double[size * size];
    Outline shape = Outline.values()[outline];
    for (int i = 0; i < cover.length; i++) {
      for (int k = 0; k < FINE * FINE; k++) {
        double u = i % size + (k % FINE + 0.5) / FINE - x;
        double v = i / size + (k / FINE + 0.5) / FINE - y;
        boolean in = shape.covers((u * cos + v * sin) * aspect, (v * cos - u * sin) / aspect);
        cover[i] += in ? 1.0 / (FINE * FINE) : 0;
      }
    }
    shadow(cover);
    for (int i = 0; i < cover.length; i++) {
      if (cover[i] > 0) {
        double mix = t.at(i % size, i / size);
        double[] colour = new double[3];
        for (int c = 0; c < 3; c++) {
          colour[c] = one[c] + (two[c] - one[c]) * mix;
        }
        blend(i % size, i / size, cover[i], colour);
      }
      mask[i] = cover[i] > 0.5;
    }
  }

  /** Darkens what lies right below the object. */
  private void shadow(double... cover) {
    int off = Math.max(1, size / 32);
    double depth = random.uniform(0.1, 0.35);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        double sum = 0;
        for (int dy = -1; dy <= 1; dy++) {
          for (int dx = -1; dx <= 1; dx++) {
            int u = x - off + dx;
            int v = y - off + dy;
            sum += u >= 0 && v >= 0 && u < size && v < size ? cover[v * size + u] / 9 : 0;
          }
        }
        for (int c = 0; c < 3; c++) {
          rgb[3 * (y * size + x) + c] *= 1 - depth * sum;
        }
      }
    }
  }

  /** Brighter on one side, and the noise of a sensor. */
  private void light() {
    double angle = random.uniform(0, 2 * Math.PI);
    double slope = random.uniform(0, 0.2);
    double cos = StrictMath.cos(angle) * slope;
    double sin = StrictMath.sin(angle) * slope;
    double noise = random.uniform(0.005, 0.03);
    for (int i = 0; i < rgb.length; i++) {
      int p = i / 3;
      double u = (p % size + 0.5) / size - 0.5;
      double v = (p / size + 0.5) / size - 0.5;
      double lit = rgb[i] * (1 + u * cos + v * sin);
      rgb[i] = Math.clamp(lit + noise * (random.uniform() + random.uniform() - 1) * 2.4, 0, 1);
    }
  }

  private byte[] levels() {
    byte[] levels = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      levels[i] = (byte) Math.round(255 * rgb[i]);
    }
    return levels;
  }

  private int[] box() {
    int[] box = {size, size, 0, 0};
    for (int i = 0; i < mask.length; i++) {
      if (mask[i]) {
        box[0] = Math.min(box[0], i % size);
        box[1] = Math.min(box[1], i / size);
        box[2] = Math.max(box[2], i % size + 1);
        box[3] = Math.max(box[3], i / size + 1);
      }
    }
    return box;
  }
}
