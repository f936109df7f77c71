package candela.train;

import candela.train.Layers.Out;

/** Networks that a processor trains in minutes. */
final class SmallNets {
  private SmallNets() {}

  /** Four convolutions with batch norms, 16 to 64 channels, three poolings, the mean, scores. */
  static Out cnn(Layers net, int classes) {
    Out x = net.centred(net.input());
    int[] widths = {16, 32, 48, 64};
    for (int i = 0; i < widths.length; i++) {
      x = normalised(net, x, widths[i], 3, 1, 1);
      x = i < 3 ? net.maxPool(x, 2, 2, 0, false) : x;
    }
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }

  /** Two hidden layers of 256 units. */
  static Out mlp(Layers net, int classes) {
    Out x = net.flatten(net.centred(net.input()));
    x = net.relu(net.linear(x, 256));
    x = net.relu(net.linear(x, 256));
    return net.scores(x, classes);
  }

  /**
   * The residual networks for CIFAR of He et al. 2015, section 4.2, of 6 n + 2 layers: three stages
   * of n blocks with 16, 32, 64 channels. Their shortcuts between stages are projections (option
   * B); n = 1 is the network of MLPerf Tiny.
   */
  static Out resNet(Layers net, int classes, int blocks) {
    Out x = normalised(net, net.centred(net.input()), 16, 3, 1, 1);
    for (int stage = 0; stage < 3; stage++) {
      for (int i = 0; i < blocks; i++) {
        x = residual(net, x, 16 << stage, i == 0 && stage > 0 ? 2 : 1);
      }
    }
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }

  /** Two 3x3 convolutions and a shortcut. */
  static Out residual(Layers net, Out x, int width, int stride) {
    Out y = normalised(net, x, width, 3, stride, 1);
    y = net.batchNorm(net.conv(y, width, 3, 1, 1));
    Out shortcut = x;
    if (x.channels() != width || stride != 1) {
      shortcut = net.batchNorm(net.conv(x, width, 1, stride, 0));
    }
    return net.relu(net.add(y, shortcut));
  }

  /**
   * GoogLeNet's block (Szegedy et al. 2014) at a sixteenth of its width: a convolution, three
   * blocks with poolings between them, the mean, scores.
   */
  static Out inception(Layers net, int classes) {
    Out x = normalised(net, net.centred(net.input()), 16, 3, 1, 1);
    x = net.maxPool(x, 2, 2, 0, false);
    x = block(net, x, 8, 8, 16, 4, 8, 8);
    x = net.maxPool(x, 2, 2, 0, false);
    x = block(net, x, 16, 16, 24, 4, 12, 12);
    x = net.maxPool(x, 2, 2, 0, false);
    x = block(net, x, 24, 16, 40, 8, 16, 16);
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }

  /** Branches of 1x1, 1x1 and 3x3, 1x1 and 5x5, pooling and 1x1. */
  private static Out block(Layers net, Out x, int c1, int r3, int c3, int r5, int c5, int pool) {
    return net.concat(
        normalised(net, x, c1, 1, 1, 0),
        normalised(net, normalised(net, x, r3, 1, 1, 0), c3, 3, 1, 1),
        normalised(net, normalised(net, x, r5, 1, 1, 0), c5, 5, 1, 2),
        normalised(net, net.maxPool(x, 3, 1, 1, false), pool, 1, 1, 0));
  }

  /**
   * A vision transformer (Dosovitskiy et al. 2020) with the mean of the tokens instead of a class
   * token: patches of an eighth of the image, width 64, four layers of four heads.
   */
  static Out vit(Layers net, int classes) {
    Out x = net.centred(net.input());
    int patch = Math.max(1, x.shape().dim(1) / 8);
    TokenLayers over = net.tokenLayers();
    x = over.position(over.tokens(net.convBias(x, 64, patch, patch, 0)));
    for (int i = 0; i < 4; i++) {
      x = net.add(x, over.attention(over.layerNorm(x), 4));
      Out wide = net.gelu(over.linear(over.layerNorm(x), 128));
      x = net.add(x, over.linear(wide, 64));
    }
    return net.scores(over.mean(over.layerNorm(x)), classes);
  }

  /** Convolution, batch norm, rectifier. */
  static Out normalised(Layers net, Out x, int width, int kernel, int stride, int pad) {
    return net.relu(net.batchNorm(net.conv(x, width, kernel, stride, pad)));
  }
}
