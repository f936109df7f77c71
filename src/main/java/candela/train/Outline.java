package candela.train;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The shapes of the synthetic classes, about the unit circle around the origin, y upwards. */
enum Outline {
  CRESCENT {
    @Override
    boolean covers(double x, double y) {
      return x * x + y * y < 1 && Math.hypot(x - 0.55, y) > 0.8;
    }
  },
  CROSS {
    @Override
    boolean covers(double x, double y) {
      double a = Math.abs(x);
      double b = Math.abs(y);
      return Math.min(a, b) < 0.3 && Math.max(a, b) < 1;
    }
  },
  DISC {
    @Override
    boolean covers(double x, double y) {
      return x * x + y * y < 0.9 * 0.9;
    }
  },
  HEART {
    @Override
    boolean covers(double x, double y) {
      double u = 1.15 * x;
      double v = 1.15 * y + 0.1;
      double r = u * u + v * v - 1;
      return r * r * r - u * u * v * v * v < 0;
    }
  },
  RING {
    @Override
    boolean covers(double x, double y) {
      double r = x * x + y * y;
      return r < 1 && r > 0.58 * 0.58;
    }
  },
  SQUARE {
    @Override
    boolean covers(double x, double y) {
      return Math.max(Math.abs(x), Math.abs(y)) < 0.8;
    }
  },
  STAR {
    @Override
    boolean covers(double x, double y) {
      // Five points at radius 1.1, notches at 0.44: the edge between them is a straight line.
      double turn = 2 * Math.PI / 5;
      double angle = Math.abs(Math.IEEEremainder(Math.atan2(x, y), turn));
      double r = Math.hypot(x, y);
      double u = r * Math.cos(angle);
      double v = r * Math.sin(angle);
      double notchU = 0.44 * Math.cos(turn / 2);
      double notchV = 0.44 * Math.sin(turn / 2);
      return (u - 1.1) * notchV - v * (notchU - 1.1) < 0;
    }
  },
  TRIANGLE {
    @Override
    boolean covers(double x, double y) {
      double low = y + 0.52;
      return low > 0 && 1.5 - low > Math.abs(x) * Math.sqrt(3) * 0.95;
    }
  };

  abstract boolean covers(double x, double y);

  /** The names in lower case, the classes of the synthetic set. */
  static List<String> names() {
    return Arrays.stream(values()).map(o -> o.name().toLowerCase(Locale.ROOT)).toList();
  }
}
