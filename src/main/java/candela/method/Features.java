package candela.method;

import candela.image.Slic;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import java.util.Set;

/**
 * What a method takes away, or leaves, together. As text these are parameters of the method itself;
 * one that only one kind reads chooses that kind.
 *
 * @param features the kind
 * @param grid cells along a side, 1 or more
 * @param segments of {@link Slic}
 * @param compactness of Slic
 * @param sigma of Slic, pixels
 * @param featureMask feature 0, 1, 2, … of every pixel or of every value, instead of all that;
 *     empty for none
 */
public record Features(
    Kind features,
    int grid,
    int segments,
    double compactness,
    double sigma,
    List<Integer> featureMask) {
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
    featureMask = List.copyOf(featureMask);
  }

  public static Features grid(int grid) {
    return new Features(Kind.GRID, grid, SEGMENTS, COMPACTNESS, SIGMA, List.of());
  }

  public static Features superpixels(int segments) {
    return new Features(Kind.SUPERPIXELS, GRID, segments, COMPACTNESS, SIGMA, List.of());
  }

  public static Features values() {
    return new Features(Kind.VALUES, GRID, SEGMENTS, COMPACTNESS, SIGMA, List.of());
  }

  /** A number that all coalitions can be taken of. */
  static Features few() {
    return new Features(Kind.GRID, 3, 9, COMPACTNESS, SIGMA, List.of());
  }

  /** Those that the mask tells. */
  public static Features mask(List<Integer> mask) {
    return new Features(Kind.GRID, GRID, SEGMENTS, COMPACTNESS, SIGMA, mask);
  }

  /** Checks what does not depend on an image. */
  void check(String method) {
    Check.atLeast(1, grid, method + ": grid");
    for (int f : featureMask) {
      Check.atLeast(0, f, method + ": featureMask");
    }
    slic();
  }

  private Slic slic() {
    return new Slic(segments, compactness, sigma);
  }

  /**
   * Whether features of a kind read this parameter of a method; any that is not of features.
   *
   * @param kind in lower case, null for a method without features
   */
  static boolean reads(Object kind, String parameter) {
    return switch (parameter) {
      case "grid" -> kind == null || kind.equals("grid");
      case "segments", "compactness", "sigma" -> kind == null || kind.equals("superpixels");
      default -> true;
    };
  }

  /** As the parameters that are given want it: none is read in vain. */
  Features chosenBy(Set<String> given) {
    boolean grids = given.contains("grid");
    boolean segmented =
        given.contains("segments") || given.contains("compactness") || given.contains("sigma");
    if (given.contains("features") || !grids && !segmented) {
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
    if (!featureMask.isEmpty()) {
      return given(method, image);
    }
    return switch (features) {
      case GRID -> cells(method, image);
      case SUPERPIXELS -> FeatureMask.of(Superpixels.of(slic(), subject, workspace));
      case VALUES -> values(method, image);
    };
  }

  private FeatureMask given(String method, Shape image) {
    int pixels = image.count(1, 3);
    if (featureMask.size() != pixels && featureMask.size() != image.count()) {
      throw CandelaException.of(
          "%s: featureMask of %d pixels or %d values expected, got %d",
          method, pixels, image.count(), featureMask.size());
    }
    return FeatureMask.of(featureMask.stream().mapToInt(Integer::intValue).toArray());
  }

  private static FeatureMask values(String method, Shape image) {
    if (image.count() > MOST_VALUES) {
      throw CandelaException.of(
          "%s: features=values: an input of at most %d values expected, got %s; use superpixels",
          method, MOST_VALUES, image);
    }
    return FeatureMask.of(java.util.stream.IntStream.range(0, image.count()).toArray());
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
