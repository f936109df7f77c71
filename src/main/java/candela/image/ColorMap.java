package candela.image;

import java.util.Arrays;

/** A number as a colour; tables of colours as 0xRRGGBB. Immutable. */
public enum ColorMap {
  /**
   * Blue – white – red over -1 … 1, exactly white at 0. A line of falling lightness in OKLab
   * (Ottosson 2020) at hues 262° and 27°, so that equal steps look equal on both sides.
   */
  DIVERGING(true) {
    @Override
    int color(double t) {
      double a = Math.abs(t);
      double hue = Math.toRadians(t < 0 ? 262 : 27);
      double chroma = 0.205 * Math.sin(a * Math.PI / 2);
      return Oklab.rgb(1 - 0.55 * a, chroma * Math.cos(hue), chroma * Math.sin(hue));
    }
  },
  /**
   * Black – violet – orange – yellow over 0 … 1: Zucker's polynomial (shadertoy.com/view/WlfXRN,
   * CC0) of matplotlib's "inferno" (CC0); from its table at most 9 of 255, on average 2.5.
   */
  SEQUENTIAL(false) {
    @Override
    int color(double t) {
      return Oklab.pack(channel(t, 0), channel(t, 1), channel(t, 2));
    }
  };

  /** Coefficients of t^0 … t^6 for red, green, blue. */
  private static final double[][] INFERNO = {
    {0.0002189403691192265, 0.001651004631001012, -0.01948089843709184},
    {0.1065134194856116, 0.5639564367884091, 3.932712388889277},
    {11.60249308247187, -3.972853965665698, -15.9423941062914},
    {-41.70399613139459, 17.43639888205313, 44.35414519872813},
    {77.162935699427, -33.40235894210092, -81.80730925738993},
    {-71.31942824499214, 32.62606426397723, 73.20951985803202},
    {25.13112622477341, -12.24266895238567, -23.07032500287172},
  };

  /** Of NaN. */
  static final int NOT_A_NUMBER = 0x9A9A9A;

  private static final int STEPS = 512;

  private final boolean signed;

  ColorMap(boolean signed) {
    this.signed = signed;
  }

  /** Whether it spans -1 … 1, not 0 … 1. */
  public boolean signed() {
    return signed;
  }

  abstract int color(double t);

  /** The colour 0xRRGGBB of t, which is held within the span; grey for NaN. */
  public int at(double t) {
    if (Double.isNaN(t)) {
      return NOT_A_NUMBER;
    }
    double low = signed ? -1 : 0;
    double part = (Math.clamp(t, low, 1) - low) / (1 - low);
    return Tables.ALL[ordinal()][(int) Math.rint(part * STEPS)];
  }

  /** Of each map; made when first asked for. */
  private static final class Tables {
    static final int[][] ALL = Arrays.stream(values()).map(ColorMap::table).toArray(int[][]::new);
  }

  private int[] table() {
    int[] colors = new int[STEPS + 1];
    double low = signed ? -1 : 0;
    for (int i = 0; i <= STEPS; i++) {
      colors[i] = color(low + (1 - low) * i / STEPS);
    }
    return colors;
  }

  private static double channel(double t, int c) {
    double v = 0;
    for (int k = INFERNO.length - 1; k >= 0; k--) {
      v = v * t + INFERNO[k][c];
    }
    return v;
  }
}
