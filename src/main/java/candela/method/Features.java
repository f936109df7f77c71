package candela.method;

import candela.image.Slic;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a method takes away, or leaves, together. As text these are parameters of the method itself;
 * one that only one kind reads chooses that kind.
 *
 * @param features the kind
 * @param grid cells along a side, 1 or more
 * @param segments of {@link Slic}
 * @param compactness of Slic
 * @param sigma of Slic, pixels
 * @param featureMask instead of all that: pixels [h,w], or values [c,h,w], of equal number are a
 *     feature
 */
public record Features(
    Kind features,
    int grid,
    int segments,
    double compactness,
    double sigma,
    GivenArray featureMask) {
  /** What a feature is. */
  public enum Kind {
    /** A cell of a grid × grid. */
    GRID,
    /** A superpixel. */
    SUPERPIXELS,
    /** A value of the input: a pixel's red, say. */
    VALUES
  }

  /** SAM's, for LIME. */
  private static final double COMPACTNESS = 30;

  private static final double SIGMA = 3;
  private static final int GRID = 7;
  private static final int SEGMENTS = 50;

  /** Features are told apart by systems of as many equations. */
  private static final int MOST_VALUES = 4096;

  public Features {
    if (!featureMask.isNone()) { // nothing else is read
      features = Kind.GRID;
      grid = GRID;
      segments = SEGMENTS;
      compactness = COMPACTNESS;
      sigma = SIGMA;
    }
  }

  public static Features grid(int grid) {
    return new Features(Kind.GRID, grid, SEGMENTS, COMPACTNESS, SIGMA, GivenArray.NONE);
  }

  public static Features superpixels(int segments) {
    return new Features(Kind.SUPERPIXELS, GRID, segments, COMPACTNESS, SIGMA, GivenArray.NONE);
  }

  public static Features values() {
    return new Features(Kind.VALUES, GRID, SEGMENTS, COMPACTNESS, SIGMA, GivenArray.NONE);
  }

  /** A number that all coalitions can be taken of. */
  static Features few() {
    return new Features(Kind.GRID, 3, 9, COMPACTNESS, SIGMA, GivenArray.NONE);
  }

  /** Those that the mask tells. */
  public static Features mask(GivenArray mask) {
    return new Features(Kind.GRID, GRID, SEGMENTS, COMPACTNESS, SIGMA, mask);
  }

  /** Checks what does not depend on an image. */
  void check(String method) {
    Check.atLeast(1, grid, method + ": grid");
    slic();
  }

  private Slic slic() {
    return new Slic(segments, compactness, sigma);
  }

  /**
   * Whether a parameter of a method is read; any that is not of features.
   *
   * @param values all parameters, as text
   */
  static boolean reads(Map<String, Object> values, String parameter) {
    Object kind = values.getOrDefault("features", "");
    boolean masked = !values.getOrDefault("featureMask", "").equals("");
    return switch (parameter) {
      case "features" -> !masked;
      case "grid" -> kind.equals("") || kind.equals("grid") && !masked;
      case "segments", "compactness", "sigma" ->
          kind.equals("") || kind.equals("superpixels") && !masked;
      default -> true;
    };
  }

  /** As the parameters that are given want it: none is read in vain. */
  Features chosenBy(Map<String, String> given) {
    boolean grids = given.containsKey("grid");
    boolean segmented =
        given.containsKey("segments")
            || given.containsKey("compactness")
            || given.containsKey("sigma");
    boolean kinds = given.containsKey("features");
    if (!given.getOrDefault("featureMask", "").isEmpty() && (grids || segmented || kinds)) {
      throw CandelaException.of(
          "featureMask: it tells all features; leave out features, grid, segments, compactness and"
              + " sigma");
    }
    if (kinds || !grids && !segmented) {
      return this;
    }
    if (grids && segmented) {
      throw CandelaException.of(
          "features: grid, or segments, compactness and sigma of superpixels expected, got both;"
              + " add features=grid or features=superpixels");
    }
    Kind kind = grids ? Kind.GRID : Kind.SUPERPIXELS;
    return new Features(kind, grid, segments, compactness, sigma, featureMask);
  }

  /** The feature of every pixel, or value, of this image. */
  FeatureMask of(String method, Subject subject, Workspace workspace) {
    Shape image = subject.image();
    if (!featureMask.isNone()) {
      return given(image);
    }
    return switch (features) {
      case GRID -> cells(method, image);
      case SUPERPIXELS -> FeatureMask.of(Superpixels.of(slic(), subject, workspace));
      case VALUES -> values(method, image);
    };
  }

  private FeatureMask given(Shape image) {
    Shape plane = Shape.of(image.dim(1), image.dim(2));
    if (!featureMask.isOne(plane) && !featureMask.isOne(image)) {
      throw featureMask.unlike("featureMask", plane + " or " + image);
    }
    return FeatureMask.of(featureMask.values());
  }

  private static FeatureMask values(String method, Shape image) {
    if (image.count() > MOST_VALUES) {
      throw CandelaException.of(
          "%s: features=values: an input of at most %d values expected, got %s; use superpixels",
          method, MOST_VALUES, image);
    }
    return new FeatureMask(IntStream.range(0, image.count()).toArray(), image.count());
  }

  private FeatureMask cells(String method, Shape image) {
    int h = image.dim(1);
    int w = image.dim(2);
    if (grid > Math.min(h, w)) {
      throw CandelaException.of(
          "%s: grid of at most %d expected for a %d x %d image, got %d",
          method, Math.min(h, w), w, h, grid);
    }
    int[] of = new int[h * w];
    for (int i = 0; i < of.length; i++) {
      of[i] = (i / w) * grid / h * grid + (i % w) * grid / w;
    }
    return new FeatureMask(of, grid * grid);
  }
}
