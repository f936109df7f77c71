package candela.sanity;

import candela.device.Philox;
import candela.graph.WeightedLayers.Parameter;
import java.util.Arrays;

/** What takes the place of what a layer has learnt. */
public enum Init {
  /**
   * A parameter's own values in random order: nothing that was learnt is in their places, and their
   * distribution stays, so that activations keep about their scale. Default, as a model file does
   * not say how its layers were initialised.
   */
  PERMUTE {
    @Override
    float[] draw(float[] was, Parameter parameter, Philox random) {
      int[] from = random.permutation(was.length);
      float[] values = new float[was.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = was[from[i]];
      }
      return values;
    }
  },

  /**
   * As PyTorch's layers reset themselves, and Quantus with them: weights and biases uniform in
   * ±1/√n where a sum has n inputs; scales and variances 1, shifts and means 0. Others are
   * permuted.
   */
  KAIMING {
    @Override
    float[] draw(float[] was, Parameter parameter, Philox random) {
      float[] values = new float[was.length];
      switch (parameter.role()) {
        case WEIGHT, BIAS -> {
          double bound = 1 / Math.sqrt(parameter.fanIn());
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.uniform(-bound, bound);
          }
        }
        case SCALE, VARIANCE -> Arrays.fill(values, 1);
        case SHIFT, MEAN -> {}
        case OTHER -> {
          return PERMUTE.draw(was, parameter, random);
        }
      }
      return values;
    }
  };

  /** New values of a parameter; was is not changed. */
  abstract float[] draw(float[] was, Parameter parameter, Philox random);
}
