package candela.study;

import java.util.List;

/**
 * What one unit of work, a model and an image, gave.
 *
 * @param target the explained class
 * @param targetName its name, "class 3" where nothing tells it
 * @param predicted the class with the highest score
 * @param predictedName its name likewise
 * @param probability of the target
 * @param view the photo as the network sees it, a small PNG; empty where it is not shown
 * @param rows that the model was asked
 */
public record Findings(
    String model,
    String image,
    int target,
    String targetName,
    int predicted,
    String predictedName,
    double probability,
    byte[] view,
    List<Similar> similar,
    List<Scored> scored,
    List<Seen> seen,
    long rows,
    double seconds) {
  /**
   * How alike the maps of two settings of a sweep are.
   *
   * @param a place of a setting in the sweep
   * @param b place of the one it is compared with
   */
  public record Similar(String sweep, int a, int b, String measure, double value) {}

  /**
   * A metric of a method's map.
   *
   * @param method its index in the plan
   * @param part "" for the value itself, else the name of a further number
   * @param reason why the value is NaN, else ""
   */
  public record Scored(int method, String metric, String part, double value, String reason) {}

  /**
   * A method's map for the eye.
   *
   * @param limit value of 127; values beyond are cut
   * @param levels [h,w], -127 to 127
   */
  public record Seen(int method, int h, int w, boolean signed, double limit, byte[] levels) {}
}
