package candela.metric;

import java.util.List;

/** What metrics must give, worked by hand. */
final class MetricCases {
  private MetricCases() {}

  /** A metric of one map of three pixels x = 1, 2, 3, and what it must give. */
  record Case(String metric, float[] map, double expected) {}

  /**
   * SLRP scores 18 times the sum of what is there: 108 for x = 1, 2, 3. The class has the last two
   * pixels.
   */
  static List<Case> all() {
    float[] best = {1, 2, 3};
    float[] worst = {3, 2, 1};
    float[] middle = {0, 4, 1};
    float[] added = {18, 36, 54};
    // (1, 2, 2) has differences 0, 128, 0; the image three that are different
    double bits = 2 * Math.log(1.5) + Math.log(3);
    double information = bits / (3 * Math.log(3));
    return List.of(
        // 108, 54, 18, 0: less half the ends 180 − 54 over 3 steps
        new Case("deletion:step=1,score=logit", best, 42),
        new Case("deletion:score=logit", best, 42),
        // 108, 90, 54, 0
        new Case("deletion:step=1,score=logit", worst, 66),
        new Case("deletion:step=1,score=logit,normalise=true", best, 42 / 108.0),
        // two pixels, then the last: 108, 18, 0
        new Case("deletion:step=2,score=logit", best, 36),
        // sigmoids of 108, 18 and 0: 1, 1, ½
        new Case("deletion:preset=sam,step=2", best, 0.875),
        // 0, 54, 90, 108
        new Case("insertion:step=1,score=logit,substrate=zero", best, 66),
        new Case("insertion:step=1,score=logit,substrate=zero", worst, 42),
        new Case("insertion:preset=sam,step=3", worst, 0.75),
        // up to a third of 3: all three, IoU 2/3; up to two thirds: the last two, IoU 1; beyond:
        // the last, 1/2, which is a miss. α of .1 … .3 and .35 … .5 are hits
        new Case("localisation", best, 0),
        new Case("localisation:from=0.7,to=0.9,by=0.1", best, 1),
        // the last two in any case: IoU 1 up to a quarter, then the middle alone, 1/2: five of nine
        new Case("localisation:from=0.1,to=0.5,by=0.05", middle, 5 / 9.0),
        new Case("localisation:least=0.4", middle, 0),
        // no positive value
        new Case("localisation", new float[] {-1, -2, 0}, 1),
        new Case("pointing-game:tolerance=0", best, 1),
        new Case("pointing-game:tolerance=0", worst, 0),
        new Case("pointing-game:tolerance=1", worst, 1),
        // of equal values the first, but not where all are equal
        new Case("pointing-game:tolerance=0", new float[] {2, 1, 2}, 0),
        new Case("pointing-game", new float[] {2, 2, 2}, Double.NaN),
        // the method finds 1, 2, 3: (−2, 0, 2) of (3, 2, 1)
        new Case("max-sensitivity", best, 0),
        new Case("max-sensitivity", worst, Math.sqrt(8 / 14.0)),
        new Case("max-sensitivity", new float[3], Double.NaN),
        // the method finds shares 1, 2, 3 of 6 when 1, 2, 3 has become 0, 1, 2
        new Case("continuity:patch=1", best, 0),
        new Case("continuity:patch=1", worst, (2 / 6.0 + 2 / 6.0) / Math.sqrt(3)),
        new Case(
            "continuity:patch=1,steps=1", middle, (1 / 6.0 + 7 / 15.0 + 3 / 10.0) / Math.sqrt(3)),
        // from 4 / 5 and 1 / 5 to 3 / 6 each
        new Case("continuity:patch=2", middle, (0.3 + 0.3) / Math.sqrt(3)),
        // 0, 0, 1; and no further step leaves a pixel
        new Case("continuity:patch=1,step=2", worst, (2 / 6.0 + 2 / 6.0) / 3),
        new Case("continuity:patch=1,step=3", worst, Double.NaN),
        // one patch has all
        new Case("continuity", worst, 0),
        new Case("continuity", new float[3], Double.NaN),
        // (2, 0, −2) / (3, 2, 1); the image changes by less than 10, and so does the score
        new Case("relative-input-stability", best, 0),
        new Case("relative-input-stability:eps=10", worst, Math.sqrt(4 / 9.0 + 4) / 10),
        new Case("relative-output-stability", best, 0),
        new Case("relative-output-stability:eps=10", worst, Math.sqrt(4 / 9.0 + 4) / 10),
        // −1 over 0, which counts as 10
        new Case("relative-input-stability:eps=10", new float[] {0, 2, 3}, 0.01),
        new Case("relative-output-stability:eps=10", new float[] {0, 2, 3}, 0.01),
        new Case("relative-input-stability", new float[3], Double.NaN),
        new Case("relative-output-stability", new float[3], Double.NaN),
        // behind the rectifier 12 three times, which changes by less than 10 times that
        new Case("relative-representation-stability:layer=y1", best, 0),
        new Case(
            "relative-representation-stability:layer=y1,eps=10",
            worst,
            Math.sqrt(4 / 9.0 + 4) / 10),
        new Case("relative-representation-stability:layer=y1", new float[3], Double.NaN),
        // of 108 the map has 6; all of it
        new Case("completeness", best, 102 / 108.0),
        new Case("completeness", added, 0),
        // of a range of 108, 324 more
        new Case("completeness", new float[] {400, 32, 0}, 3),
        // 2, 2, 2 score as much
        new Case("completeness:substrate=mean", best, Double.NaN),
        // a sigmoid falls from 1 to ½: 5½ too much
        new Case("completeness:score=probability", best, 11),
        // each pixel changes the score
        new Case("non-sensitivity:step=1,score=logit", best, 0),
        new Case("non-sensitivity:step=1,score=logit", new float[] {0, -2, 0}, 2 / 3.0),
        new Case("non-sensitivity:step=1,score=logit,eps=0.4", new float[] {1, -2, 3}, 1 / 3.0),
        // by 18, 36 and 54
        new Case("non-sensitivity:step=1,score=logit,eps=36", added, 1 / 3.0),
        // the first two together
        new Case("non-sensitivity:step=2,score=logit", new float[] {0, 4, 0}, 0.5),
        // the middle one for 2 changes nothing
        new Case("non-sensitivity:step=1,score=logit,substrate=mean", best, 1 / 3.0),
        // all three together: a sigmoid falls from 1 to ½; a mean changes nothing
        new Case("non-sensitivity", best, 0),
        new Case("non-sensitivity:substrate=mean", best, 1),
        new Case("non-sensitivity", new float[3], Double.NaN),
        // sorted 1, 2, 3 by −2, 0, 2: 4 over 3 · 6
        new Case("sparseness", best, 2 / 9.0),
        new Case("sparseness", new float[] {0, -5, 0}, 2 / 3.0),
        new Case("sparseness", new float[3], Double.NaN),
        // a quarter ln 4 + three quarters ln (4/3)
        new Case(
            "complexity", new float[] {-1, 3, 0}, 0.25 * Math.log(4) + 0.75 * Math.log(4 / 3.0)),
        new Case("complexity", new float[] {2, 2, -2}, Math.log(3)),
        new Case("complexity", new float[3], Double.NaN),
        new Case("effective-complexity", new float[] {1, -1e-4f, 1e-6f}, 2),
        new Case("effective-complexity:eps=0.5", new float[] {-4, 2, 3}, 2),
        new Case("effective-complexity", new float[3], Double.NaN),
        // 4 + 1 of 4 + 1; 2 + 1 of 6
        new Case("relevance-mass", middle, 1),
        new Case("relevance-mass", worst, 0.5),
        new Case("relevance-mass", new float[] {1, -9, 3}, 0.75),
        new Case("relevance-mass", new float[] {0, -1, 0}, Double.NaN),
        // 108, 54, 18, 0: 0, 54, 90 and 108 are lost
        new Case("region-perturbation:patch=1,score=logit", best, 63),
        // 108, 90, 54, 0
        new Case("region-perturbation:patch=1,score=logit", worst, 45),
        new Case("region-perturbation:patch=1,regions=1,score=logit", best, 27),
        // the last, alone at the edge, then the first two: 108, 54, 0
        new Case("region-perturbation:patch=2,score=logit", best, 54),
        // one pixel: 1, 2, 2 for the last, 2, 2, 3 for the first
        new Case("road:from=0.3,to=0.3,by=1,noise=0,score=logit", best, 18),
        new Case("road:from=0.3,to=0.3,by=1,noise=0,score=logit", worst, -18),
        // then two: 1, 1, 1 and 3, 3, 3
        new Case("road:from=0.3,to=0.7,by=0.4,noise=0,score=logit", best, 36),
        // all but one at most
        new Case("road:from=0.9,to=0.9,by=1,noise=0,score=logit", best, 54),
        // of equal pixels the first are more important
        new Case("road:from=0.9,to=0.9,by=1,noise=0,score=logit", new float[3], -54),
        // sums 3, 2, 1; what is lost: 54, 36, 18
        new Case("faithfulness-estimate:step=1,score=logit", best, 1),
        new Case("faithfulness-estimate:step=1,score=logit", worst, -1),
        // 5 and 1 cost 90 and 18
        new Case("faithfulness-estimate:step=2,score=logit", best, 1),
        // 4, 1, 0 cost 36, 54, 18: 18 over √(26/3 · 648)
        new Case(
            "faithfulness-estimate:step=1,score=logit", middle, 18 / Math.sqrt(26 / 3.0 * 648)),
        new Case("faithfulness-estimate:step=1,score=logit", new float[3], Double.NaN),
        // sums 4 and 2, the sizes of the groups, of which one costs −18 and one 18
        new Case(
            "faithfulness-estimate:step=2,score=logit,substrate=mean",
            new float[] {2, 2, 2},
            Double.NaN),
        // what is there adds to the score: 0, 18, 54, 108
        new Case("monotonicity:step=1,score=logit", best, 1),
        // of 2, 2, 2: the first pixel costs 18, the last brings as much
        new Case("monotonicity:step=1,score=logit,substrate=mean", best, 2 / 3.0),
        new Case("monotonicity:step=2,score=logit,substrate=mean", best, 0.5),
        new Case("monotonicity:step=2,score=logit,substrate=mean", new float[] {2, 1, 3}, 1),
        // random values of 1 … 3 are (4, 1, 4) / 3 from 1, 2, 3 in the mean square: which of the
        // outer two changes more is chance. Ranks (2.5, 1, 2.5) and, say, (3, 1, 2)
        new Case(
            "monotonicity-correlation:step=1,samples=200,score=logit",
            new float[] {2, 1, -2},
            1.5 / Math.sqrt(1.5 * 2)),
        new Case(
            "monotonicity-correlation:step=1,samples=200,score=logit",
            new float[] {1, -2, 1},
            -1.5 / Math.sqrt(1.5 * 2)),
        // the outer two together: 2 / 3
        new Case(
            "monotonicity-correlation:step=2,samples=2000,score=logit", new float[] {2, 1, 3}, 1),
        new Case("monotonicity-correlation:score=logit", new float[] {-1, 1, 1}, Double.NaN),
        new Case("monotonicity-correlation", best, Double.NaN),
        // two pairs
        new Case("roc-auc", best, 1),
        new Case("roc-auc", new float[] {2, 1, 3}, 0.5),
        new Case("roc-auc", new float[] {2, 2, 1}, 0.25),
        new Case("roc-auc", new float[3], 0.5),
        // all become 2, the last first: 108, 90, 90, 108, of which the area is 96
        new Case("irof:score=logit", best, 1 / 9.0),
        // 108, 126, 126, 108
        new Case("irof:score=logit", worst, -1 / 9.0),
        // 108, 54, 18, 0
        new Case("irof:score=logit,substrate=zero", best, 66 / 108.0),
        new Case("irof", best, 0),
        // a third of 1, two of 2, all of 3: 84 of 108
        new Case("average-drop:score=logit", best, 2 / 9.0),
        new Case("average-drop:score=logit", new float[] {-1, 0, -3}, 1),
        // 2, 2, 3: more than before
        new Case("average-drop:score=logit,substrate=mean", new float[] {-1, 0, 3}, 0),
        new Case("average-drop:score=logit,substrate=mean", new float[] {2, 0, 0}, 18 / 108.0),
        // what each pixel adds to the score: the sums are the falls. 2 less each: 2² for single
        // pixels
        new Case("infidelity", added, 0),
        new Case("infidelity:perturbation=subset,subset=2", added, 0),
        new Case("infidelity", new float[] {16, 34, 52}, 4),
        // all pixels: 108 falls to 0, the map says 6; 18 times the map is right
        new Case("infidelity:perturbation=subset,subset=3", best, 102 * 102),
        new Case("infidelity:perturbation=subset,subset=3", new float[3], 108 * 108),
        new Case("infidelity:normalise=true", best, 0),
        new Case("infidelity:normalise=true,perturbation=subset,subset=3", middle, 0),
        // slopes: noise costs 18 times its sum
        new Case("infidelity:perturbation=noise,stdev=0.1", new float[] {18, 18, 18}, 0),
        new Case("infidelity:perturbation=noise,normalise=true", new float[] {2, 2, 2}, 0),
        // of two pixels 54, 72 or 90 are lost
        new Case("faithfulness-correlation:subset=2,score=logit", best, 1),
        new Case("faithfulness-correlation:subset=2,score=logit", new float[] {-1, -2, -3}, -1),
        new Case("faithfulness-correlation:subset=2,score=logit", new float[3], Double.NaN),
        // sigmoids of 18 and more are 1
        new Case("faithfulness-correlation:subset=2", best, Double.NaN),
        new Case("sensitivity-n", best, 1),
        new Case("sensitivity-n", worst, -1),
        // all three: nothing to compare, left out; alone, no number
        new Case("sensitivity-n:most=1", best, 1),
        new Case("sensitivity-n:most=1,sizes=1", best, Double.NaN),
        // the two largest: both; the first and the second
        new Case("relevance-rank", best, 1),
        new Case("relevance-rank", worst, 0.5),
        // of equal values the first, but not where all are equal
        new Case("relevance-rank", new float[] {2, 1, 2}, 0.5),
        new Case("relevance-rank", new float[] {2, 2, 2}, Double.NaN),
        // the last two pixels are two thirds of all
        new Case("top-k-intersection:k=2", best, 1),
        new Case("top-k-intersection:k=2", worst, 0.5),
        new Case("top-k-intersection:k=1", worst, 0),
        new Case("top-k-intersection", worst, 0), // 1 of so few
        new Case("top-k-intersection:k=3", worst, 2 / 3.0),
        new Case("top-k-intersection:k=2,conceptInfluence=true", best, 1.5),
        // of equal values the first, but not where all are equal
        new Case("top-k-intersection:k=1", new float[] {2, 1, 2}, 0),
        new Case("top-k-intersection:k=1", new float[] {2, 2, 2}, Double.NaN),
        // of the blurred image the first pixel is known, 1, 1, 1; with the last the one between is
        // guessed right
        new Case("sic:score=logit,seed=3", best, 0.5),
        // with the second first 1, 2, 2: 36 of 54 more
        new Case("sic:score=logit,seed=3", new float[] {1, 3, 2}, 5 / 6.0 - information / 2),
        // with the first two
        new Case("sic:score=logit,seed=3", worst, 5 / 6.0 - information / 2),
        // of the blurred image 3, 3, 3; it scores more
        new Case("sic:score=logit,seed=6", best, Double.NaN),
        new Case("sic:score=logit,known=1", best, Double.NaN),
        new Case("sic:score=logit,least=109", best, Double.NaN),
        // a sigmoid of 54 is 1 as well
        new Case("sic", best, Double.NaN),
        new Case("aic", best, Double.NaN));
  }
}
