package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.config.About;
import candela.graph.ScoreKind;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MethodsTest {
  @Test
  void namesAreAlphabeticalAndRoundTrip() {
    assertThat(Methods.names()).isSorted().doesNotHaveDuplicates();
    for (String name : Methods.names()) {
      Method m = Methods.parse(name);
      assertThat(Methods.name(m)).isEqualTo(name);
      assertThat(Methods.parse(name.replace('-', '_'))).isEqualTo(m);
      assertThat(Methods.parse(name + ":" + Methods.text(m).replace(" ", ""))).isEqualTo(m);
    }
  }

  @Test
  void aMethodWithinAMethodWithinAMethodRoundTrips() {
    Method inner = Methods.parse("noise-tunnel:method=\"rise:masks=7,cells=3\",samples=2");
    Method tunnel = new NoiseTunnel(inner, 3, 0.1, 0, SmoothGrad.Type.VARGRAD, 4);
    assertThat(Methods.parse("noise-tunnel:" + Methods.text(tunnel))).isEqualTo(tunnel);
  }

  @Test
  void namesTellMethodsApart() {
    List<String> texts =
        List.of(
            "occlusion:window=8,stride=4",
            "gradient",
            "occlusion:window=16,stride=4,fill=mean",
            "feature-ablation:segments=9",
            "feature-ablation:grid=3");
    assertThat(Methods.names(texts.stream().map(Methods::parse).toList()))
        .containsExactly(
            "occlusion:window=8,fill=zero",
            "gradient",
            "occlusion:window=16,fill=mean",
            "feature-ablation:features=superpixels,segments=9,compactness=30.0,sigma=3.0",
            "feature-ablation:features=grid,grid=3");
  }

  /** The help is the Javadoc: every method says all of it, and names each of its parameters. */
  @Test
  void everyMethodIsDocumentedInFull() {
    for (String name : Methods.names()) {
      Method m = Methods.parse(name);
      About about = About.of(m.getClass());
      assertThat(about.shows()).as(name).endsWith(".").doesNotContain("{@", "<");
      assertThat(about.sections().keySet())
          .as(name)
          .containsExactly("Definition", "Shapes", "Parameters", "Cost", "Source", "Differences");
      about.sections().forEach((k, v) -> assertThat(v).as(name + " " + k).doesNotContain("{@"));
      String parameters = about.sections().get("Parameters");
      for (String p : Methods.parameters(m).keySet()) {
        assertThat(parameters).as(name).contains(p);
      }
    }
  }

  @Test
  void parametersAreRead() {
    assertThat(
            Methods.parse("smoothgrad:samples=7,spread=.1,type=vargrad,seed=3,score=probability"))
        .isEqualTo(
            new SmoothGrad(
                7,
                .1,
                0,
                SmoothGrad.Type.VARGRAD,
                3,
                ScoreKind.PROBABILITY,
                Channels.SUM_ABSOLUTE));
    assertThat(Methods.parse("integrated-gradients:method=riemann_left,baseline=blur"))
        .isEqualTo(
            new IntegratedGradients(
                50,
                Quadrature.RIEMANN_LEFT,
                Baseline.BLUR,
                0,
                true,
                ScoreKind.LOGIT,
                Channels.SUM));
  }

  /** A parameter of one kind of features chooses the kind, so that none is read in vain. */
  @Test
  void featuresAreChosenByTheirParameters() {
    assertThat(Methods.parse("kernel-shap:grid=5"))
        .isEqualTo(new KernelShap(Features.grid(5), Baseline.ZERO, 0, 0, ScoreKind.LOGIT));
    assertThat(((KernelShap) Methods.parse("kernel-shap:segments=20")).features())
        .isEqualTo(Features.superpixels(20));
    assertThat(new Anchors().features()).isEqualTo(Features.superpixels(30));
    assertThat(((Anchors) Methods.parse("anchors:grid=5")).features().features())
        .isEqualTo(Features.Kind.GRID);
    assertThat(((Anchors) Methods.parse("anchors:grid=5,features=superpixels")).features())
        .isEqualTo(new Features(Features.Kind.SUPERPIXELS, 5, 30, 30, 3, GivenArray.NONE));
    assertThat(Methods.text(Methods.parse("kernel-shap")))
        .isEqualTo("features=grid, grid=7, baseline=zero, samples=0, seed=0, score=logit");
    assertThat(Methods.text(Methods.parse("kernel-shap:segments=20")))
        .startsWith("features=superpixels, segments=20, compactness=30.0, sigma=3.0, baseline");
    assertThat(Methods.usage("kernel-shap")).contains("grid=7, segments=50, compactness=30.0");
    assertThat(Methods.parameters(new Anchors()))
        .containsEntry("features", "superpixels")
        .containsEntry("segments", 30);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gradients | method: unknown 'gradients'; known are ",
        "gradient:sigma=1 | gradient: unknown parameter 'sigma'; it takes channels, score",
        "gradient:score=odds | gradient: score: logit, probability, log_probability expected, got"
            + " 'odds'",
        "smoothgrad:samples=0 | smoothgrad: samples: 1 or more expected, got 0",
        "smoothgrad:samples=many | smoothgrad: samples: a whole number expected, got 'many'",
        "smoothgrad:spread=NaN | smoothgrad: spread: a finite number expected, got 'NaN'",
        "smoothgrad:samples | smoothgrad: key=value expected, got 'samples'",
        "smoothgrad:seed=1,seed=2 | smoothgrad: parameter 'seed' is given twice",
        "integrated-gradients:multiplyByInputs=no | multiplyByInputs: true, false expected",
        "integrated-gradients:nSteps=1,method=riemann_trapezoid | nSteps: 2 to 16777216 expected",
        "kernel-shap:grid=0 | kernel-shap: grid: 1 or more expected, got 0",
        "anchors:segments=0 | slic: segments: 1 or more expected, got 0",
        "anchors:segments=4,grid=3 | features: grid, or segments, compactness and sigma of"
            + " superpixels expected, got both",
        "anchors:features=cells | anchors: features: grid, superpixels, values expected, got",
        "optimal-infidelity:largest=2 | optimal-infidelity: largest: at most 1.0 expected, got 2.0",
        "xrai:minPixelDiff=0 | xrai: minPixelDiff: 1 or more expected, got 0",
        "xrai:dilation=101 | xrai: dilation: at most 100.0 expected, got 101.0",
        "eigen-cam:score=logit | eigen-cam: unknown parameter 'score'; it takes centred, layer",
        "occlusion:stride=-1 | occlusion: stride: 0 or more expected, got -1",
      })
  void aWrongTextIsAnsweredInOneSentence(String text, String message) {
    assertThatThrownBy(() -> Methods.parse(text))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(message);
  }

  /** What a method has made up is told of each that takes fill=inpaint, and of no other fill. */
  @Test
  void everyInpaintingMethodTellsHowMuchItHides() {
    Shape image = Shape.of(3, 64, 48);
    List<String> inpainting = new ArrayList<>();
    for (String name : Methods.names()) {
      Method method = Methods.parse(name);
      assertThat(method.inpainting(image)).as(name).isEmpty();
      if (!Methods.parameters(method).containsKey("inpainter")) {
        continue;
      }
      inpainting.add(name);
      Inpainting made = Methods.parse(name + ":fill=inpaint").inpainting(image).orElseThrow();
      assertThat(made.inpainter()).isEqualTo(Inpainter.DEFAULT);
      assertThat(made.hidden()).as(name).isPositive().isLessThanOrEqualTo(1);
    }
    assertThat(inpainting).contains("lime", "meaningful-perturbation", "occlusion");
    Method tunnel = Methods.parse("noise-tunnel:method=\"occlusion:fill=inpaint,window=24\"");
    Inpainting made = tunnel.inpainting(image).orElseThrow();
    // a window of 24 x 24 in 64 x 48
    assertThat(made.hidden()).isEqualTo(24.0 * 24 / 64 / 48);
    int missing = 0;
    for (byte b : made.hole(image)) {
      missing += b;
    }
    assertThat(missing).isBetween(500, 650);
  }
}
