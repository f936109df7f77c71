package candela.sanity;

import candela.device.Philox;
import candela.graph.WeightedLayers;
import candela.graph.WeightedLayers.Layer;
import candela.graph.WeightedLayers.Parameter;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A model that loses layer by layer what it has learnt: does a map notice?
 *
 * <p><b>Definition:</b> of L layers with parameters, stage i of n has 1 + round((i − 1) (L − 1) /
 * (n − 1)) layers with new parameters, in the order's direction; the last stage all of them. In
 * independent order that is the place, counted from the last layer, of the one layer that has. One
 * stage alone is that of all layers, in independent order that of the last.
 *
 * <p><b>Parameters:</b> order (default top_down); init (default permute); stages (1 or more, at
 * most L are made, default 8); seed (default 0). A parameter's new values depend on the seed and on
 * which one it is: they are the same in all stages.
 *
 * <p><b>Source:</b> Adebayo et al. 2018, "Sanity checks for saliency maps", section 3.
 *
 * <p><b>Differences:</b> the authors go block by block and draw from each layer's own initialiser,
 * which model files do not tell; see {@link Init}.
 */
public record Randomisation(Order order, Init init, int stages, long seed) {
  public Randomisation() {
    this(Order.TOP_DOWN, Init.PERMUTE, 8, 0);
  }

  public Randomisation {
    if (stages < 1) {
      throw CandelaException.of("stages: 1 or more expected, got %d", stages);
    }
  }

  /**
   * The model with some layers forgotten.
   *
   * @param name which ones, for tables
   * @param layer of the layers of this stage the one that earlier ones lack
   */
  public record Stage(String name, String layer, OnnxModel model) {}

  /**
   * The stages of a model, in order.
   *
   * @param output whose layers count, by name; null for the first
   * @throws CandelaException when it has no layers with float parameters
   */
  public List<Stage> of(OnnxModel model, String output) {
    WeightedLayers weighted = WeightedLayers.of(model, output);
    List<Layer> layers = weighted.layers();
    if (layers.isEmpty()) {
      throw CandelaException.of(
          "%s: layers with float weights expected, it has none; give a model whose weights are"
              + " floats in the file",
          model.name());
    }
    Map<String, OnnxTensor> drawn = drawn(weighted);
    int all = layers.size();
    int n = Math.min(stages, all);
    List<Stage> list = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int last = order == Order.INDEPENDENT ? 1 : all;
      int k = n == 1 ? last : 1 + (int) Math.round(i * (all - 1.0) / (n - 1));
      List<Layer> chosen =
          switch (order) {
            case TOP_DOWN -> layers.subList(all - k, all);
            case BOTTOM_UP -> layers.subList(0, k);
            case INDEPENDENT -> layers.subList(all - k, all - k + 1);
          };
      Layer reached = order == Order.BOTTOM_UP ? chosen.getLast() : chosen.getFirst();
      String name =
          switch (order) {
            case TOP_DOWN -> k == all ? "all " + all : "last " + k;
            case BOTTOM_UP -> k == all ? "all " + all : "first " + k;
            case INDEPENDENT -> "layer " + (all - k + 1);
          };
      Map<String, OnnxTensor> values = new HashMap<>();
      chosen.forEach(l -> l.parameters().forEach(p -> values.put(p.name(), drawn.get(p.name()))));
      list.add(new Stage(name, reached.name(), weighted.with(values)));
    }
    return list;
  }

  /** New values of every parameter. */
  private Map<String, OnnxTensor> drawn(WeightedLayers weighted) {
    Map<String, OnnxTensor> drawn = new HashMap<>();
    for (Layer l : weighted.layers()) {
      for (Parameter p : l.parameters()) {
        OnnxTensor was = weighted.value(p);
        Shape images = weighted.images(p);
        float[] one = picked(was.floats(), images, images.with(1, 1));
        float[] values = init.draw(one, p, new Philox(seed, drawn.size()));
        values = picked(values, images.with(1, 1), images);
        drawn.put(p.name(), OnnxTensor.of(p.name(), was.shape(), values));
      }
    }
    return drawn;
  }

  /** Values [rows, images, n] of the first of as many images, or of several that are the same. */
  private static float[] picked(float[] x, Shape from, Shape to) {
    float[] y = new float[to.count()];
    int n = to.dim(2);
    for (int i = 0; i < y.length; i++) {
      int row = i / (to.dim(1) * n);
      y[i] = x[row * from.dim(1) * n + i % n];
    }
    return y;
  }
}
