package candela.bench;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.initializer.XavierInitializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import candela.device.Device;
import candela.device.Devices;
import candela.train.Architectures;
import candela.train.Learner;
import candela.train.Optimiser;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Training of ResNet-8 on CIFAR-sized images: Candela and PyTorch through DJL in turns, one step of
 * SGD with momentum on a batch of 128 from a float array, in one run.
 */
public final class TrainSideBySide {
  private static final int BATCH = 128;
  private static final int CLASSES = 10;

  private TrainSideBySide() {}

  /** Rounds as the first argument, threads as the second. */
  public static void main(String[] arguments) throws InterruptedException {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 7;
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
    SplittableRandom random = new SplittableRandom(1);
    float[] images = new float[BATCH * 3 * 32 * 32];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) random.nextDouble();
    }
    long[] labels = new long[BATCH];
    float[] labelFloats = new float[BATCH];
    for (int i = 0; i < BATCH; i++) {
      labels[i] = random.nextInt(CLASSES);
      labelFloats[i] = labels[i];
    }
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    var model = Architectures.of("resnet8", candela.tensor.Shape.of(3, 32, 32), CLASSES, 1);
    try (Device device = Devices.open("cpu", threads);
        Learner learner =
            new Learner(model, device, BATCH, new Optimiser.Sgd(0.01, 0.9, false, 0), 0);
        Model torch = Model.newInstance("resnet8", "PyTorch")) {
      torch.setBlock(resNet8());
      var config =
          new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
              .optInitializer(new XavierInitializer(), ai.djl.nn.Parameter.Type.WEIGHT)
              .optOptimizer(
                  Optimizer.sgd()
                      .setLearningRateTracker(Tracker.fixed(0.01f))
                      .optMomentum(0.9f)
                      .build());
      try (Trainer trainer = torch.newTrainer(config)) {
        trainer.initialize(new Shape(BATCH, 3, 32, 32));
        Runnable own = () -> learner.step(images, labels, 0.01);
        Runnable other = () -> step(trainer, images, labelFloats);
        Rounds times = Rounds.run(List.of(own, other), rounds);
        System.out.printf(
            Locale.ROOT,
            "ResNet-8, batch %d, %d threads: Candela %.0f images/s, PyTorch through DJL %.0f;"
                + " Candela is %.2f times as fast (median of %d rounds, noise %.2f)%n",
            BATCH,
            threads,
            BATCH / times.median(0),
            BATCH / times.median(1),
            times.speedup(0, 1),
            rounds,
            times.noise());
      }
    }
  }

  private static void step(Trainer trainer, float[] images, float[] labels) {
    try (NDManager manager = trainer.getManager().newSubManager();
        GradientCollector collector = trainer.newGradientCollector()) {
      NDArray x = manager.create(images, new Shape(BATCH, 3, 32, 32));
      NDArray y = manager.create(labels, new Shape(BATCH));
      NDList scores = trainer.forward(new NDList(x), new NDList(y));
      NDArray loss = trainer.getLoss().evaluate(new NDList(y), scores);
      collector.backward(loss);
      // As Candela, PyTorch hands over the loss of every step.
      loss.getFloat();
      scores.close();
      loss.close();
    }
    trainer.step();
  }

  private static Block resNet8() {
    SequentialBlock net = new SequentialBlock();
    // The pixels centred, as Candela's network begins.
    net.add(new LambdaBlock(x -> new NDList(x.singletonOrThrow().sub(0.5f).div(0.25f)), "centred"));
    normalised(net, 16, 3, 1, 1);
    net.add(Activation::relu);
    net.add(residual(16, 1, false));
    net.add(residual(32, 2, true));
    net.add(residual(64, 2, true));
    net.add(Pool.globalAvgPool2dBlock());
    net.add(Blocks.batchFlattenBlock());
    net.add(Linear.builder().setUnits(CLASSES).build());
    return net;
  }

  private static void normalised(SequentialBlock to, int out, int kernel, int stride, int pad) {
    to.add(
        Conv2d.builder()
            .setKernelShape(new Shape(kernel, kernel))
            .optStride(new Shape(stride, stride))
            .optPadding(new Shape(pad, pad))
            .optBias(false)
            .setFilters(out)
            .build());
    to.add(BatchNorm.builder().build());
  }

  private static Block residual(int width, int stride, boolean projected) {
    SequentialBlock main = new SequentialBlock();
    normalised(main, width, 3, stride, 1);
    main.add(Activation::relu);
    normalised(main, width, 3, 1, 1);
    SequentialBlock shortcut = new SequentialBlock();
    if (projected) {
      normalised(shortcut, width, 1, stride, 0);
    } else {
      shortcut.add(Blocks.identityBlock());
    }
    return new ParallelBlock(
        outs ->
            new NDList(
                Activation.relu(
                    outs.get(0).singletonOrThrow().add(outs.get(1).singletonOrThrow()))),
        List.of(main, shortcut));
  }
}
