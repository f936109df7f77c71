package candela.graph.op;

import candela.device.Dense;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Parted;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Storage;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Convolutions whose channels stand side by side in one output; made by simplification. Spares
 * writing each result and reading it again. Inputs: those of all parts, one after another; a part
 * that is not a convolution is an image that is copied.
 */
public record ConvConcat(List<Part> parts) implements Parted {
  /**
   * Some of the channels.
   *
   * @param conv null for a copied image
   * @param inputs of this part: image, weights, bias or none; only the image where it is copied
   */
  public record Part(Conv conv, int inputs) {}

  /** Alignment of what each part keeps. */
  private static final long ALIGNMENT = 64;

  public ConvConcat {
    parts = List.copyOf(parts);
  }

  @Override
  public String type() {
    return "Conv+Concat";
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape first = null;
    int channels = 0;
    int at = 0;
    for (Part p : parts) {
      Shape y = output(p, inputs.subList(at, at + p.inputs()));
      first = first == null ? y : first;
      if (!y.with(3, 1).equals(first.with(3, 1))) {
        throw CandelaException.of("parts %s and %s do not stand side by side", first, y);
      }
      channels += y.dim(3);
      at += p.inputs();
    }
    return List.of(first.with(3, channels));
  }

  private static Shape output(Part p, List<Value> inputs) {
    return p.conv() == null ? inputs.get(0).shape() : p.conv().shapes(inputs).get(0);
  }

  /** One part of a step: where it stands among the inputs, channels and kept bytes. */
  private record Place(Part part, int input, int channel, int channels, long kept) {}

  private List<Place> places(Node node) {
    List<Place> places = new ArrayList<>();
    int input = 0;
    int channel = 0;
    long kept = 0;
    for (Part p : parts) {
      Shape y = output(p, node.inputs().subList(input, input + p.inputs()));
      places.add(new Place(p, input, channel, y.dim(3), kept));
      if (p.conv() != null) {
        long bytes = p.conv().activation().bytes(y.dim(0), y.count(1, 4));
        kept += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      }
      input += p.inputs();
      channel += y.dim(3);
    }
    return places;
  }

  /** The convolutions of one session, null where a part is copied. */
  private record Plans(List<Place> places, List<Dense.ConvolutionPlan> convolutions)
      implements AutoCloseable {
    @Override
    public void close() {
      convolutions.stream().filter(c -> c != null).forEach(Dense.ConvolutionPlan::close);
    }
  }

  private Plans plans(Step s) {
    return s.plan(
        () -> {
          List<Place> places = places(s.node());
          Plans plans = new Plans(places, new ArrayList<>());
          try {
            for (Place p : places) {
              Conv c = p.part().conv();
              plans
                  .convolutions()
                  .add(c == null ? null : c.among(s, p.input(), p.part().inputs(), wide(s)));
            }
          } catch (RuntimeException | Error e) {
            plans.close();
            throw e;
          }
          return plans;
        });
  }

  private static int wide(Step s) {
    return s.node().output().shape().dim(3);
  }

  @Override
  public List<Parted.Part> parts(Node node) {
    Shape y = node.output().shape();
    return places(node).stream()
        .map(
            p -> {
              long n = (long) y.count(1, 3) * p.channels();
              Conv c = p.part().conv();
              long bytes = c == null ? 0 : c.activation().bytes(y.dim(0), n);
              return new Parted.Part(
                  p.input(), p.part().inputs(), p.channel(), p.channels(), p.kept(), bytes);
            })
        .toList();
  }

  @Override
  public void forward(Step s) {
    for (int i = 0; i < parts.size(); i++) {
      forward(s, i);
    }
  }

  @Override
  public void forward(Step s, int part) {
    Plans plans = plans(s);
    Place p = plans.places().get(part);
    Tensor x = s.x(p.input());
    MemorySegment y = s.y().data().asSlice(s.y().storage().bytes(p.channel()));
    Dense.ConvolutionPlan conv = plans.convolutions().get(part);
    if (conv == null) {
      int pixels = s.y().shape().count(0, 3);
      copy(s, x.storage(), false, pixels, p, x.data(), p.channels(), y, wide(s));
    } else {
      conv.forward(x.shape().dim(0), x.data(), MemorySegment.NULL, y, bits(s, p));
    }
  }

  @Override
  public void backward(Step s) {
    for (int i = 0; i < parts.size(); i++) {
      backward(s, i);
    }
  }

  @Override
  public void backward(Step s, int part) {
    Plans plans = plans(s);
    Place p = plans.places().get(part);
    Tensor dx = s.dx(p.input());
    if (dx == null) {
      return;
    }
    MemorySegment dy = s.dy().data().asSlice(s.dy().storage().bytes(p.channel()));
    boolean accumulate = s.accumulate(p.input());
    Dense.ConvolutionPlan conv = plans.convolutions().get(part);
    if (conv == null) {
      int pixels = s.dy().shape().count(0, 3);
      copy(s, dx.storage(), accumulate, pixels, p, dy, wide(s), dx.data(), p.channels());
    } else {
      conv.backward(
          dx.shape().dim(0),
          dy,
          bits(s, p),
          accumulate,
          dx.data(),
          s.gating(p.input()),
          false,
          MemorySegment.NULL);
    }
  }

  private static void copy(
      Step s,
      Storage type,
      boolean accumulate,
      int pixels,
      Place p,
      MemorySegment from,
      int fromWide,
      MemorySegment to,
      int toWide) {
    s.device()
        .kernels()
        .move()
        .copyStrided(type, accumulate, pixels, p.channels(), fromWide, toWide, from, to);
  }

  private static MemorySegment bits(Step s, Place p) {
    long n = (long) s.node().output().shape().count(1, 3) * p.channels();
    MemorySegment bits = p.part().conv().activation().bits(s, 1, n);
    return bits.equals(MemorySegment.NULL) ? bits : bits.asSlice(p.kept());
  }

  @Override
  public boolean differentiable(int i) {
    return part(i) != null;
  }

  /** The part whose image input i is; null where it is none. */
  private Part part(int i) {
    int at = 0;
    for (Part p : parts) {
      if (i == at) {
        return p;
      }
      at += p.inputs();
    }
    return null;
  }

  /** That of all parts, if they have one in common. */
  @Override
  public Dense.Activation gate(Node node) {
    Conv first = parts.getFirst().conv();
    for (Part p : parts) {
      if (p.conv() == null || !p.conv().activation().equals(first.activation())) {
        return Dense.Activation.NONE;
      }
    }
    return first.activation().dense();
  }

  @Override
  public boolean gates(int i) {
    Part p = part(i);
    return p != null && p.conv() != null;
  }

  private boolean hasConstantImage(Node node) {
    int at = 0;
    for (Part p : parts) {
      if (node.input(at).isConstant()) {
        return true;
      }
      at += p.inputs();
    }
    return false;
  }

  /** A constant image would have to be cut. */
  @Override
  public Width width(Node node) {
    return node.output().shape().count(1, 3) > 1 ? Width.SIXTEEN : Width.FLOAT32;
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    int at = 0;
    for (Part p : parts) {
      if (i < at + p.inputs() && down == 1 && !hasConstantImage(node)) {
        return p.conv() == null ? Reach.PIXEL : p.conv().reach(node, at, i, false);
      }
      at += p.inputs();
    }
    return null;
  }

  @Override
  public Op cropped(int tall, int wide) {
    return new ConvConcat(
        parts.stream()
            .map(p -> new Part(p.conv() == null ? null : p.conv().cropped(tall, wide), p.inputs()))
            .toList());
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public long keptBytes(Node node) {
    Place last = places(node).getLast();
    Conv c = last.part().conv();
    Shape y = node.output().shape();
    return last.kept()
        + (c == null ? 0 : c.activation().bytes(y.dim(0), (long) y.count(1, 3) * last.channels()));
  }

  @Override
  public long flops(Node node) {
    long flops = 0;
    for (Place p : places(node)) {
      if (p.part().conv() != null) {
        Shape w = node.input(p.input() + 1).shape();
        flops += 2L * node.output().shape().count(0, 3) * p.channels() * w.count(1, 4);
      }
    }
    return flops;
  }
}
