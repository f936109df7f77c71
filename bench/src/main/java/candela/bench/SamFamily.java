package candela.bench;

import candela.method.Lime;
import candela.method.MeaningfulPerturbation;
import candela.method.Method;
import candela.method.SlidingPatch;
import candela.method.SmoothGrad;

/** The methods of SAM's study, as the benchmark's rows. */
enum SamFamily {
  SG("SmoothGrad", SmoothGrad.class),
  SP("sliding patch", SlidingPatch.class),
  LIME("LIME", Lime.class),
  MP("meaningful perturbation", MeaningfulPerturbation.class);

  private final String title;
  private final Class<? extends Method> kind;

  SamFamily(String title, Class<? extends Method> kind) {
    this.title = title;
    this.kind = kind;
  }

  String title() {
    return title;
  }

  boolean has(Method m) {
    return kind.isInstance(m);
  }
}
