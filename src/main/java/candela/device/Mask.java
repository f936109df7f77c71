package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Perturbed inputs with parts replaced. Images here are channels-first. The entries of
 * kernels/mask.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Mask {
  private final Kernels kernels;
  private final Entry occlude;
  private final Entry occlusionMap;
  private final Entry selectFeatures;
  private final Entry selectVisible;
  private final Entry selectRanked;
  private final Entry blend;
  private final Entry gridMask;
  private final Entry smoothMax;
  private final Entry smoothMaxBackward;

  Mask(Kernels kernels) {
    this.kernels = kernels;
    occlude =
        kernels.entry(
            "cd_occlude", POINTER, LONG, LONG, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
    occlusionMap =
        kernels.entry(
            "cd_occlusion_map", POINTER, LONG, LONG, LONG, POINTER, POINTER, INT, POINTER);
    selectFeatures =
        kernels.entry(
            "cd_select_features", POINTER, LONG, LONG, POINTER, POINTER, POINTER, POINTER, POINTER);
    selectVisible =
        kernels.entry(
            "cd_select_visible",
            POINTER,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    selectRanked =
        kernels.entry(
            "cd_select_ranked", POINTER, LONG, LONG, POINTER, POINTER, POINTER, POINTER, POINTER);
    blend =
        kernels.entry(
            "cd_blend", POINTER, LONG, LONG, LONG, POINTER, POINTER, POINTER, POINTER, POINTER);
    smoothMax =
        kernels.entry(
            "cd_smooth_max",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    smoothMaxBackward =
        kernels.entry(
            "cd_smooth_max_backward",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    gridMask =
        kernels.entry("cd_grid_mask", POINTER, LONG, LONG, LONG, LONG, FLOAT, POINTER, POINTER);
  }

  /**
   * y[rows,c,h,w] = x[c,h,w] with fill[c,h,w] where top &lt;= row &lt; bottom and left &lt;= column
   * &lt; right; window[rows,4] = top, left, bottom, right. No overlap.
   */
  public void occlude(
      long rows,
      long c,
      long h,
      long w,
      MemorySegment x,
      MemorySegment fill,
      MemorySegment window,
      MemorySegment y) {
    kernels.run(occlude, rows, c, h, w, x, fill, window, y);
  }

  /**
   * map[h,w] = sum (average: mean) in window order of score[windows] over the window[windows,4]
   * that cover the pixel, 0 where none does.
   */
  public void occlusionMap(
      long windows,
      long h,
      long w,
      MemorySegment window,
      MemorySegment score,
      boolean average,
      MemorySegment map) {
    kernels.run(occlusionMap, windows, h, w, window, score, average, map);
  }

  /** y[rows,n] = feature[n] == off[rows] ? fill[n] : x[n]. No overlap. */
  public void selectFeatures(
      long rows,
      long n,
      MemorySegment x,
      MemorySegment fill,
      MemorySegment feature,
      MemorySegment off,
      MemorySegment y) {
    kernels.run(selectFeatures, rows, n, x, fill, feature, off, y);
  }

  /**
   * y[rows,n] = on[rows,features] (bytes) at feature[n] != 0 ? x[n] : fill[n]; feature in 0 …
   * features - 1. No overlap.
   */
  public void selectVisible(
      long rows,
      long n,
      long features,
      MemorySegment x,
      MemorySegment fill,
      MemorySegment feature,
      MemorySegment on,
      MemorySegment y) {
    kernels.run(selectVisible, rows, n, features, x, fill, feature, on, y);
  }

  /** y[rows,n] = rank[n] &lt; count[rows] ? fill[n] : x[n]. No overlap. */
  public void selectRanked(
      long rows,
      long n,
      MemorySegment x,
      MemorySegment fill,
      MemorySegment rank,
      MemorySegment count,
      MemorySegment y) {
    kernels.run(selectRanked, rows, n, x, fill, rank, count, y);
  }

  /**
   * y[rows,n] = fill[n] + weight[rows,features] * (x[n] - fill[n]), the weight of element i being
   * that of feature[i], or of i modulo features where feature is NULL. A weight of 1 gives x. No
   * overlap.
   */
  public void blend(
      long rows,
      long n,
      long features,
      MemorySegment weight,
      MemorySegment feature,
      MemorySegment x,
      MemorySegment fill,
      MemorySegment y) {
    kernels.run(blend, rows, n, features, weight, feature, x, fill, y);
  }

  /**
   * mask[rows,h,w] = grids of cells x cells, 1 where uniform[rows,cells*cells+2] &lt; keep, else 0,
   * enlarged bilinearly to (cells + 1) * ceil(h / cells), likewise w, and cut out at the place that
   * the last two uniforms give. No overlap.
   */
  public void gridMask(
      long rows,
      long cells,
      long h,
      long w,
      float keep,
      MemorySegment uniform,
      MemorySegment mask) {
    kernels.run(gridMask, rows, cells, h, w, keep, uniform, mask);
  }

  /**
   * y[h,w] = the smooth maximum of the cells p[ceil(h/step),ceil(w/step)] within radius cells of
   * the pixel's own, each times reach[row + (radius - a) * step, column + (radius - b) * step],
   * which has (2 * radius + 1) * step rows and columns; total[h,w] for the gradient. No overlap.
   */
  public void smoothMax(
      long h,
      long w,
      long step,
      long radius,
      float sharp,
      MemorySegment reach,
      MemorySegment p,
      MemorySegment y,
      MemorySegment total) {
    kernels.run(smoothMax, h, w, step, radius, sharp, reach, p, y, total);
  }

  /** dp, of p's shape, = gradient from p, y, total and dy[h,w]. No overlap. */
  public void smoothMaxBackward(
      long h,
      long w,
      long step,
      long radius,
      float sharp,
      MemorySegment reach,
      MemorySegment p,
      MemorySegment y,
      MemorySegment total,
      MemorySegment dy,
      MemorySegment dp) {
    kernels.run(smoothMaxBackward, h, w, step, radius, sharp, reach, p, y, total, dy, dp);
  }
}
