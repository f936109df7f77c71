package candela.method;

import candela.tensor.Shape;
import java.util.List;
import java.util.Random;

/** Every method with few rows on {@link Toy#attending}, and images of 9 × 7 for them. */
final class SmallMethods {
  static final Shape SHAPE = Shape.of(3, 9, 7);

  private static final Levels LEVELS = new Levels(List.of(-1f, -1f, -1f), List.of(2f, 2f, 2f));

  private SmallMethods() {}

  static List<Method> all() {
    return Methods.names().stream().map(SmallMethods::of).toList();
  }

  /** The method for an image of 9 × 7. */
  static Method of(String name) {
    return Methods.parse(
        switch (name) {
          // one pixel: its gradient differs nowhere
          case "cam" -> "cam:layer=y11";
          case "anchors" -> "anchors:segments=4,sigma=1,rows=64,batchSize=5";
          case "extremal-perturbation" ->
              "extremal-perturbation:variant=dual,maxIter=4,step=2,sigma=3";
          case "fgvis" -> "fgvis:iterations=6";
          // seed 0 begins with a square that changes the score by little more than its rounding
          case "optimal-infidelity" -> "optimal-infidelity:segments=6,sigma=1,samples=12,seed=1";
          case "fido" -> "fido:cells=3,nSteps=4,samples=5";
          case "partition-shap" -> "partition-shap:maxEvals=12,batchSize=64";
          case "hierarchical-occlusion" -> "hierarchical-occlusion:cells=2,depth=2";
          case "pda" -> "pda:window=3,pad=1,stride=3,samples=2";
          case "blur-integrated-gradients" -> "blur-integrated-gradients:nSteps=5,maxSigma=3";
          case "exact-shapley" -> "exact-shapley:grid=2";
          case "expected-gradients" -> "expected-gradients:samples=5,baselines=2,stdev=0.1";
          // at a baseline of zeros all pixels have one gradient: rounding would say which go first
          case "guided-integrated-gradients" ->
              "guided-integrated-gradients:nSteps=9,baseline=random";
          case "hsic" -> "hsic:grid=3,samples=40";
          case "kernel-shap" -> "kernel-shap:grid=4,samples=70";
          case "noise-tunnel" -> "noise-tunnel:samples=3,type=smoothgrad_sq,method=guided-grad-cam";
          case "rise" -> "rise:masks=9,cells=3";
          case "shapley-sampling" -> "shapley-sampling:grid=3,samples=3";
          case "sliding-patch" -> "sliding-patch:patch=3";
          case "sobol-indices" -> "sobol-indices:grid=3,samples=4";
          case "lime" -> "lime:samples=40,segments=9,sigma=1";
          case "meaningful-perturbation" -> "meaningful-perturbation:iterations=12,mask=5";
          case "occlusion" -> "occlusion:window=4,stride=3";
          case "xrai" -> "xrai:nSteps=3,minSize=4,dilation=1,minPixelDiff=2";
          default -> name;
        });
  }

  /** An image for that network, and {@link Toy#random}. */
  static Subject subject(Random random, int target) {
    return new Subject(SHAPE, Toy.draw(random, SHAPE.count()), target, LEVELS);
  }
}
