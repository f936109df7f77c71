package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;

/** The method that a map is of, for one class: asked for the maps of other images. */
@FunctionalInterface
public interface Explainer {
  /**
   * The map of another image, [h,w] as the judged one.
   *
   * @param pixels in the judged image's shape
   * @param own of this probe alone
   */
  Probe<float[]> map(float[] pixels, Workspace own);
}
