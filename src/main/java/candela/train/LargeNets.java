package candela.train;

import candela.train.Layers.Out;

/** torchvision's classifiers of ImageNet. */
final class LargeNets {
  private LargeNets() {}

  /** He et al. 2015: two blocks of two 3x3 convolutions a stage. */
  static Out resNet18(Layers net, int classes) {
    Out x = stem(net);
    for (int stage = 0; stage < 4; stage++) {
      for (int i = 0; i < 2; i++) {
        x = SmallNets.residual(net, x, 64 << stage, i == 0 && stage > 0 ? 2 : 1);
      }
    }
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }

  /** Version 1.5: the 3x3 convolution carries the stride. */
  static Out resNet50(Layers net, int classes) {
    Out x = stem(net);
    int[] blocks = {3, 4, 6, 3};
    for (int stage = 0; stage < 4; stage++) {
      for (int i = 0; i < blocks[stage]; i++) {
        x = bottleneck(net, x, 64 << stage, i == 0 && stage > 0 ? 2 : 1);
      }
    }
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }

  private static Out stem(Layers net) {
    Out x = SmallNets.normalised(net, net.centred(net.input()), 64, 7, 2, 3);
    return net.maxPool(x, 3, 2, 1, false);
  }

  private static Out bottleneck(Layers net, Out x, int width, int stride) {
    Out y = SmallNets.normalised(net, x, width, 1, 1, 0);
    y = SmallNets.normalised(net, y, width, 3, stride, 1);
    y = net.batchNorm(net.conv(y, 4 * width, 1, 1, 0));
    Out shortcut = x;
    if (x.channels() != 4 * width || stride != 1) {
      shortcut = net.batchNorm(net.conv(x, 4 * width, 1, stride, 0));
    }
    return net.relu(net.add(y, shortcut));
  }

  /**
   * Szegedy et al. 2014 with batch norms and no auxiliary heads; the third branch has 3x3 windows
   * where the paper has 5x5, as in torchvision.
   */
  static Out googLeNet(Layers net, int classes) {
    Out x = net.maxPool(basic(net, net.centred(net.input()), 64, 7, 2, 3), 3, 2, 0, true);
    x = basic(net, basic(net, x, 64, 1, 1, 0), 192, 3, 1, 1);
    x = net.maxPool(x, 3, 2, 0, true);
    x = inception(net, x, 64, 96, 128, 16, 32, 32);
    x = inception(net, x, 128, 128, 192, 32, 96, 64);
    x = net.maxPool(x, 3, 2, 0, true);
    x = inception(net, x, 192, 96, 208, 16, 48, 64);
    x = inception(net, x, 160, 112, 224, 24, 64, 64);
    x = inception(net, x, 128, 128, 256, 24, 64, 64);
    x = inception(net, x, 112, 144, 288, 32, 64, 64);
    x = inception(net, x, 256, 160, 320, 32, 128, 128);
    x = net.maxPool(x, 2, 2, 0, true);
    x = inception(net, x, 256, 160, 320, 32, 128, 128);
    x = inception(net, x, 384, 192, 384, 48, 128, 128);
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }

  private static Out inception(
      Layers net, Out x, int c1, int r3, int c3, int r5, int c5, int pool) {
    return net.concat(
        basic(net, x, c1, 1, 1, 0),
        basic(net, basic(net, x, r3, 1, 1, 0), c3, 3, 1, 1),
        basic(net, basic(net, x, r5, 1, 1, 0), c5, 3, 1, 1),
        basic(net, net.maxPool(x, 3, 1, 1, true), pool, 1, 1, 0));
  }

  private static Out basic(Layers net, Out x, int width, int kernel, int stride, int pad) {
    return net.relu(net.batchNorm(net.conv(x, width, kernel, stride, pad), 1e-3f));
  }

  /** Simonyan and Zisserman 2014, configuration D. */
  static Out vgg16(Layers net, int classes) {
    Out x = net.centred(net.input());
    int[][] stages = {{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}};
    for (int[] stage : stages) {
      for (int i = 0; i < stage[1]; i++) {
        x = net.relu(net.convBias(x, stage[0], 3, 1, 1));
      }
      x = net.maxPool(x, 2, 2, 0, false);
    }
    x = net.relu(net.linear(net.flatten(x), 4096));
    return net.scores(net.relu(net.linear(x, 4096)), classes);
  }

  /** Huang et al. 2016: blocks of 6, 12, 24, 16 layers, growth 32. */
  static Out denseNet121(Layers net, int classes) {
    Out x = stem(net);
    int[] blocks = {6, 12, 24, 16};
    for (int b = 0; b < blocks.length; b++) {
      for (int i = 0; i < blocks[b]; i++) {
        Out y = net.conv(net.relu(net.batchNorm(x)), 128, 1, 1, 0);
        x = net.concat(x, net.conv(net.relu(net.batchNorm(y)), 32, 3, 1, 1));
      }
      x = net.relu(net.batchNorm(x));
      if (b < blocks.length - 1) {
        x = net.averagePool(net.conv(x, x.channels() / 2, 1, 1, 0), 2, 2);
      }
    }
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }
}
