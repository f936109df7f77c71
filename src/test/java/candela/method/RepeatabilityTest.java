package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.rule.Composite;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same bits however the rows of a map are batched. */
class RepeatabilityTest {
  @TempDir Path folder;

  @Test
  void bitsDependOnNeitherBatchNorThreadsNorPacking() {
    assumeTrue(TestDevice.isCpu(), "skipped: on the cpu only");
    for (int threads : new int[] {1, 2}) {
      inEveryBatch(threads);
    }
  }

  @Test
  void onACardARunRepeatsToTheBitAndMoreRowsChangeNoMoreThanRounding() {
    assumeFalse(TestDevice.isCpu(), "skipped: on a card only, -Dcandela.device=cuda:0");
    inEveryBatch(1);
    Path file = Toy.attending(folder);
    Subject subject = SmallMethods.subject(new Random(3), 1);
    List<Attribution> first = Maps.of(file, 1, 8, every(), List.of(subject));
    List<Attribution> again = Maps.of(file, 1, 8, every(), List.of(subject));
    for (int i = 0; i < first.size(); i++) {
      assertThat(again.get(i).values()).isEqualTo(first.get(i).values());
    }
  }

  /**
   * Maps alone, of any batch size, and packed with another agree with those of one row at a time.
   */
  private void inEveryBatch(int threads) {
    Path file = Toy.attending(folder);
    Random r = new Random(3);
    Subject one = SmallMethods.subject(r, 1);
    Subject other = SmallMethods.subject(r, 2);
    List<Method> methods = every();
    List<Attribution> expected = Maps.of(file, 1, 1, methods, List.of(one));
    for (int batch : new int[] {1, 3, 8, 32}) {
      List<Attribution> alone = Maps.of(file, threads, batch, methods, List.of(one));
      List<Attribution> packed = Maps.of(file, threads, batch, methods, List.of(other, one));
      for (int i = 0; i < methods.size(); i++) {
        String what =
            String.format(
                "%s, %s, batch %d, threads %d", TestDevice.name(), methods.get(i), batch, threads);
        Maps.agree(what, alone.get(i).values(), expected.get(i).values());
        Maps.agree(
            what + ", packed", packed.get(i + methods.size()).values(), expected.get(i).values());
      }
    }
  }

  /** Every method, and those of its parameters that choose other kernels. */
  private static List<Method> every() {
    List<Method> methods = new ArrayList<>(SmallMethods.all());
    for (Composite c : Composite.values()) {
      methods.add(new Lrp(c));
    }
    for (Fill f : Fill.values()) {
      String fill = f.name().toLowerCase(Locale.ROOT);
      methods.add(Methods.parse("lime:samples=21,segments=6,estimate=mean,fill=" + fill));
      if (f != Fill.SUPERPIXEL_MEAN) {
        methods.add(Methods.parse("occlusion:window=4,stride=3,fill=" + fill));
        methods.add(Methods.parse("hierarchical-occlusion:cells=2,depth=2,fill=" + fill));
      }
    }
    methods.add(Methods.parse("fido:cells=3,nSteps=4,samples=5,fill=inpaint"));
    methods.add(Methods.parse("rise:masks=9,cells=3,fill=inpaint"));
    methods.add(Methods.parse("sliding-patch:patch=4,stride=2,fill=inpaint"));
    for (String more :
        List.of(
            "start=random,upsampling=bilinear,maskBlur=1",
            "start=ones,variation=joint,seed=7",
            "start=random,fill=inpaint",
            "fill=inpaint,binary=true,inpainter=telea:radius=2",
            "fill=black,binary=true")) {
      methods.add(Methods.parse("meaningful-perturbation:iterations=5,mask=4," + more));
    }
    methods.add(Methods.parse("excitation-backprop:contrastive=true"));
    methods.add(Methods.parse("deeplift:rule=reveal_cancel,baseline=random"));
    for (String b : List.of("zero", "mean", "blur", "random", "white", "black")) {
      methods.add(Methods.parse("integrated-gradients:nSteps=5,baseline=" + b));
    }
    return methods;
  }
}
