package candela.train;

import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.train.Layers.Out;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Networks by name, with random weights, for images of any size that their windows allow. */
public final class Architectures {
  /** Writes the layers of one architecture for so many classes. */
  private interface Plan {
    Out of(Layers net, int classes);
  }

  private static final Map<String, Plan> ALL = new LinkedHashMap<>();

  static {
    ALL.put("cnn", SmallNets::cnn);
    ALL.put("densenet121", LargeNets::denseNet121);
    ALL.put("efficientnet-b0", MobileNets::efficientNetB0);
    ALL.put("googlenet", LargeNets::googLeNet);
    ALL.put("inception-small", SmallNets::inception);
    ALL.put("mlp", SmallNets::mlp);
    ALL.put("mobilenetv2", MobileNets::mobileNetV2);
    ALL.put("resnet18", LargeNets::resNet18);
    ALL.put("resnet20", (net, classes) -> SmallNets.resNet(net, classes, 3));
    ALL.put("resnet50", LargeNets::resNet50);
    ALL.put("resnet8", (net, classes) -> SmallNets.resNet(net, classes, 1));
    ALL.put("vgg16", LargeNets::vgg16);
    ALL.put("vit-small", SmallNets::vit);
  }

  private Architectures() {}

  /** The names, alphabetical. */
  public static List<String> names() {
    return List.copyOf(ALL.keySet());
  }

  /** The name itself, where it is one of {@link #names}. */
  static String known(String name) {
    if (!ALL.containsKey(name)) {
      throw CandelaException.of(
          "one of %s expected, got '%s'", String.join(", ", ALL.keySet()), name);
    }
    return name;
  }

  /**
   * A model with freshly drawn weights; its input takes pixels of 0 to 1.
   *
   * @param image [c,h,w]
   * @throws CandelaException when the name is unknown, or the images are too small
   */
  public static OnnxModel of(String name, Shape image, int classes, long seed) {
    Plan plan = ALL.get(known(name));
    if (image.rank() != 3 || classes < 2) {
      throw CandelaException.of(
          "%s: images [c,h,w] and 2 classes or more expected, got %s and %d", name, image, classes);
    }
    Layers net = new Layers(name, image, seed);
    return net.finish(plan.of(net, classes));
  }
}
