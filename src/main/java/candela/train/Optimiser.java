package candela.train;

import candela.config.Spec;
import candela.device.Device;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** How parameters follow their gradients: a record of hyper-parameters. */
public sealed interface Optimiser {
  /** The learning rate where the schedule's factor is 1. */
  double rate();

  /** Arrays of a parameter's size that it keeps from step to step. */
  int states();

  /**
   * One step of one parameter.
   *
   * @param step number of the step, from 1
   * @param decays whether weight decay is for this parameter
   * @param state {@link #states} arrays
   */
  void step(
      Device device,
      long step,
      double rate,
      boolean decays,
      Tensor gradient,
      List<MemorySegment> state,
      Tensor parameter);

  /**
   * Stochastic gradient descent as PyTorch has it (Sutskever et al. 2013 for the momentum): v = m v
   * + g + decay w; w -= rate v, Nesterov: rate (g + decay w + m v).
   */
  record Sgd(double rate, double momentum, boolean nesterov, double decay) implements Optimiser {
    @Override
    public int states() {
      return 1;
    }

    @Override
    public void step(
        Device device,
        long step,
        double rate,
        boolean decays,
        Tensor g,
        List<MemorySegment> state,
        Tensor w) {
      device
          .kernels()
          .learn()
          .sgdStep(
              w.count(),
              (float) rate,
              (float) momentum,
              nesterov,
              decays ? (float) decay : 0,
              g.data(),
              state.get(0),
              w.data());
    }
  }

  /** Kingma and Ba 2014; decoupled: with the weight decay of Loshchilov and Hutter 2017 (AdamW). */
  record Adam(
      double rate, double beta1, double beta2, double epsilon, double decay, boolean decoupled)
      implements Optimiser {
    @Override
    public int states() {
      return 2;
    }

    @Override
    public void step(
        Device device,
        long step,
        double rate,
        boolean decays,
        Tensor g,
        List<MemorySegment> state,
        Tensor w) {
      device
          .kernels()
          .learn()
          .adamStep(
              w.count(),
              step,
              (float) rate,
              (float) beta1,
              (float) beta2,
              (float) epsilon,
              decays ? (float) decay : 0,
              decoupled,
              g.data(),
              state.get(0),
              state.get(1),
              w.data());
    }
  }

  /**
   * Of {@code sgd:rate=0.1,momentum=0.9,nesterov=true,decay=5e-4}, {@code
   * adam:rate=1e-3,beta1=0.9,beta2=0.999,epsilon=1e-8,decay=0} or {@code adamw:…}.
   */
  static Optimiser parse(String text) {
    Spec spec = Spec.parse(text);
    double decay = spec.number("decay", 0, 0, 1e6);
    Optimiser o =
        switch (spec.name()) {
          case "sgd" ->
              new Sgd(
                  spec.number("rate", 0.1, 0, 1e6),
                  spec.number("momentum", 0.9, 0, 1),
                  spec.bool("nesterov", false),
                  decay);
          case "adam", "adamw" ->
              new Adam(
                  spec.number("rate", 1e-3, 0, 1e6),
                  belowOne(spec, "beta1", 0.9),
                  belowOne(spec, "beta2", 0.999),
                  spec.number("epsilon", 1e-8, 0, 1),
                  decay,
                  spec.name().equals("adamw"));
          default -> throw CandelaException.of("sgd, adam or adamw expected, got '%s'", text);
        };
    spec.finish();
    return o;
  }

  /** Of a mean over steps; 1 would never take a gradient in. */
  private static double belowOne(Spec spec, String key, double otherwise) {
    double v = spec.number(key, otherwise, 0, 1);
    if (v == 1) {
      throw CandelaException.of("%s: %s: below 1 expected, got 1", spec.name(), key);
    }
    return v;
  }
}
