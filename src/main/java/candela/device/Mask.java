package candela.device;

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
}
