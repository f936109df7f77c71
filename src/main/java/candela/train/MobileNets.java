package candela.train;

import candela.train.Layers.Out;

/** Networks of inverted residuals: a wide depthwise convolution between two narrow layers. */
final class MobileNets {
  /** Expansion, channels, repeats, stride of each stage. */
  private static final int[][] MOBILENET = {
    {1, 16, 1, 1},
    {6, 24, 2, 2},
    {6, 32, 3, 2},
    {6, 64, 4, 2},
    {6, 96, 3, 1},
    {6, 160, 3, 2},
    {6, 320, 1, 1}
  };

  /** Expansion, channels, repeats, stride, kernel of each stage. */
  private static final int[][] EFFICIENTNET = {
    {1, 16, 1, 1, 3},
    {6, 24, 2, 2, 3},
    {6, 40, 2, 2, 5},
    {6, 80, 3, 2, 3},
    {6, 112, 3, 1, 5},
    {6, 192, 4, 2, 5},
    {6, 320, 1, 1, 3}
  };

  private MobileNets() {}

  /** Sandler et al. 2018. */
  static Out mobileNetV2(Layers net, int classes) {
    Out x = net.relu6(net.batchNorm(net.conv(net.centred(net.input()), 32, 3, 2, 1)));
    for (int[] stage : MOBILENET) {
      for (int i = 0; i < stage[2]; i++) {
        int stride = i == 0 ? stage[3] : 1;
        Out y = x;
        if (stage[0] > 1) {
          y = net.relu6(net.batchNorm(net.conv(y, stage[0] * x.channels(), 1, 1, 0)));
        }
        y = net.relu6(net.batchNorm(net.depthwise(y, 3, stride)));
        y = net.batchNorm(net.conv(y, stage[1], 1, 1, 0));
        x = stride == 1 && x.channels() == stage[1] ? net.add(x, y) : y;
      }
    }
    x = net.relu6(net.batchNorm(net.conv(x, 1280, 1, 1, 0)));
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }

  /** Tan and Le 2019; squeeze-and-excitation at a quarter of the block's input channels. */
  static Out efficientNetB0(Layers net, int classes) {
    Out x = net.swish(net.batchNorm(net.conv(net.centred(net.input()), 32, 3, 2, 1)));
    for (int[] stage : EFFICIENTNET) {
      for (int i = 0; i < stage[2]; i++) {
        int stride = i == 0 ? stage[3] : 1;
        Out y = x;
        if (stage[0] > 1) {
          y = net.swish(net.batchNorm(net.conv(y, stage[0] * x.channels(), 1, 1, 0)));
        }
        y = net.swish(net.batchNorm(net.depthwise(y, stage[4], stride)));
        Out s = net.swish(net.convBias(net.globalAverage(y), x.channels() / 4, 1, 1, 0));
        y = net.multiply(y, net.sigmoid(net.convBias(s, y.channels(), 1, 1, 0)));
        y = net.batchNorm(net.conv(y, stage[1], 1, 1, 0));
        x = stride == 1 && x.channels() == stage[1] ? net.add(x, y) : y;
      }
    }
    x = net.swish(net.batchNorm(net.conv(x, 1280, 1, 1, 0)));
    return net.scores(net.flatten(net.globalAverage(x)), classes);
  }
}
