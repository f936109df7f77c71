package candela.cli;

import candela.device.Device;
import candela.image.Preprocess;
import candela.method.Preparation;
import candela.method.Trained;
import candela.onnx.OnnxModel;
import candela.onnx.Widen;
import candela.tensor.CandelaException;
import candela.train.Dataset;
import candela.train.Learner;
import candela.train.Optimiser;
import candela.train.Pgd;
import candela.train.PixelModel;
import candela.train.Sources;
import candela.train.Testing;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela attack}: how accurate a model stays under noise and attacks. */
@Command(
    name = "attack",
    description =
        "Measure the accuracy of a model on data, and what noise and attacks leave of it.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Noise and attacks change pixels of 0 to 1. Of the preset, order, divisor, mean and std are",
      "used: data are of the model's size. Where they have a test set, it is used. DATA and ATTACK",
      "are as in recipes:",
      "  images:path=FOLDER or .zip[,size=N,grey=true] | idx:images=F,labels=F | csv:path=F",
      "  synthetic:count=N,test=N,seed=N,…",
      "  pgd:ball=l2|linf,epsilon=E,step=S,steps=N,start=true | fgsm:ball=linf|l2,epsilon=E",
      "",
      "Pictures of the synthetic set are numbered within a seed, training ones first: to test on",
      "new ones give another seed than in training, or the same seed and the same count.",
      "",
      "Example:",
      "  candela attack cnn.onnx --data synthetic:count=8,test=500,seed=2 --attack pgd:epsilon=0.5"
    })
final class AttackCommand implements Callable<Integer> {
  /** Pixels are 0 to 1: of more noise nothing is left to measure. */
  private static final double MOST_NOISE = 1000;

  @Parameters(paramLabel = "MODEL", description = "ONNX file.")
  Path model;

  @Option(names = "--data", required = true, paramLabel = "DATA", description = "Pictures.")
  String data;

  @Option(
      names = {"-p", "--preprocess"},
      paramLabel = "NAME|FILE",
      description =
          "What the model reads of a pixel: a preset or a YAML file as in candela explain. Default:"
              + " what a model trained by Candela tells; else unit, 0 to 1.")
  String preprocess;

  @Option(names = "--attack", paramLabel = "ATTACK", description = "May be repeated.")
  List<String> attacks = List.of();

  @Option(
      names = "--noise",
      paramLabel = "SIGMA",
      description = "Deviation of Gaussian noise on the pixels; may be repeated.")
  List<Double> noises = List.of();

  @Option(
      names = "--most",
      paramLabel = "N",
      description = "Pictures that are used, from the first. Default: all.")
  int most = Integer.MAX_VALUE;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of noise and random starts; default ${DEFAULT-VALUE}.")
  long seed = 1;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Rows of a batch. Default: ${DEFAULT-VALUE}.")
  int batch = 64;

  @Mixin Machine machine;

  @Override
  public Integer call() {
    Batch.check(batch);
    if (most < 1) {
      throw CandelaException.of("--most: 1 or more expected, got %d; leave it out for all", most);
    }
    for (double sigma : noises) {
      if (!(sigma >= 0 && sigma <= MOST_NOISE)) {
        throw CandelaException.of("--noise: 0 to %.0f expected, got %s", MOST_NOISE, sigma);
      }
    }
    List<Pgd> parsed =
        attacks.stream().map(a -> CandelaException.at("--attack", () -> Pgd.parse(a))).toList();
    Dataset[] sets = CandelaException.at("--data", () -> Sources.read(data, Path.of("")));
    OnnxModel read = Widen.of(OnnxModel.read(model));
    Preprocess prepared = Preprocess.of(preset(read));
    Dataset set = sets[sets.length - 1];
    set = prepared.order() == Preprocess.Order.BGR ? set.blueFirst() : set;
    // Nothing is learnt: the optimiser is never asked for a step.
    Optimiser none = new Optimiser.Sgd(0, 0, false, 0);
    try (Device device = machine.open();
        Learner learner = new Learner(PixelModel.of(read, prepared), device, batch, none, 0)) {
      if (!learner.image().equals(set.image()) || learner.classes() != set.classes().size()) {
        throw CandelaException.of(
            "%s: pictures %s in %d classes expected, the data have %s in %d; of images, size= and"
                + " grey= make others",
            model, learner.image(), learner.classes(), set.image(), set.classes().size());
      }
      print("clean", Testing.of(learner, set, null, 0, seed, most));
      for (double sigma : noises) {
        print("noise " + sigma, Testing.of(learner, set, null, sigma, seed, most));
      }
      for (Pgd attack : parsed) {
        print(attack.toString(), Testing.of(learner, set, attack, 0, seed, most));
      }
    }
    return Main.OK;
  }

  private String preset(OnnxModel read) {
    Optional<String> told = Trained.of(read).map(Trained::preprocess);
    if (preprocess == null && told.isEmpty()) {
      Classifier.sayPreprocessing(Dataset.PREPROCESS, Preparation.UNTOLD);
    }
    return preprocess == null ? told.orElse(Dataset.PREPROCESS) : preprocess;
  }

  private static void print(String what, Learner.Tally t) {
    System.out.printf(
        Locale.ROOT, "accuracy, %s: %.2f %% of %,d%n", what, 100 * t.accuracy(), t.seen());
  }
}
