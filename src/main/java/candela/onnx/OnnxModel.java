package candela.onnx;

import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An ONNX model as plain records; operators are not looked at. Immutable and thread-safe.
 *
 * @param name the file's name, for messages
 * @param opset version of ONNX's own operators
 * @param otherDomains versions of the operators of other domains
 * @param inputs what must be given at run time: initialisers that the file also lists as inputs are
 *     left out
 * @param nodes in an order in which each reads only what earlier ones wrote
 * @param initialisers constants by name, in the file's order
 * @param files the model file, then the files with external data
 * @param metadata what the file says of itself, by key: those of {@link ModelWriter}, or anything
 */
public record OnnxModel(
    String name,
    String producer,
    int opset,
    Map<String, Integer> otherDomains,
    List<OnnxValue> inputs,
    List<OnnxValue> outputs,
    List<OnnxNode> nodes,
    Map<String, OnnxTensor> initialisers,
    List<Path> files,
    Map<String, String> metadata) {
  public OnnxModel {
    otherDomains = Map.copyOf(otherDomains);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
    initialisers = Collections.unmodifiableMap(new LinkedHashMap<>(initialisers));
    files = List.copyOf(files);
    metadata = Map.copyOf(metadata);
  }

  /**
   * Reads a model. Weights are views of it where they can be, see {@link OnnxTensor}.
   *
   * @throws CandelaException when the file is not a model that can be read
   */
  public static OnnxModel read(Path file) {
    return new ModelReader(file).read();
  }

  /**
   * Looks at every weight.
   *
   * @throws CandelaException when one is not a number, as after a training that diverged
   */
  public void checkWeights() {
    initialisers.forEach(
        (weight, tensor) -> {
          int at = tensor.firstNaN();
          if (at >= 0) {
            throw CandelaException.of(
                "%s: weights '%s' %s: numbers expected, value %d is none (NaN), as after a training"
                    + " that diverged; take an earlier checkpoint",
                name, weight, tensor.shape(), at);
          }
        });
  }

  /** The same model with other nodes and initialisers. */
  public OnnxModel with(List<OnnxNode> nodes, Map<String, OnnxTensor> initialisers) {
    return new OnnxModel(
        name, producer, opset, otherDomains, inputs, outputs, nodes, initialisers, files, metadata);
  }

  /** The same model with some of its outputs, and the nodes that give them. */
  public OnnxModel withOutputs(List<OnnxValue> outputs, List<OnnxNode> nodes) {
    return new OnnxModel(
        name, producer, opset, otherDomains, inputs, outputs, nodes, initialisers, files, metadata);
  }

  /** The same model with other inputs. */
  public OnnxModel withInputs(List<OnnxValue> inputs) {
    return new OnnxModel(
        name, producer, opset, otherDomains, inputs, outputs, nodes, initialisers, files, metadata);
  }

  /**
   * The same model behind nodes that compute its first input, which must be of floats.
   *
   * @param read name of what they read, the first input now
   * @param before in order; the last gives the input's old name
   */
  public OnnxModel behind(String read, List<OnnxNode> before, List<OnnxTensor> constants) {
    OnnxValue image = inputs.getFirst();
    if (!image.type().isFloating()) {
      throw CandelaException.of(
          "%s: a model that reads fractions expected, its input '%s' is %s; export it with one of"
              + " floats",
          name, image.name(), image.type());
    }
    List<OnnxValue> all = new ArrayList<>(inputs);
    all.set(0, new OnnxValue(read, image.type(), image.dims()));
    Map<String, OnnxTensor> known = new LinkedHashMap<>(initialisers);
    constants.forEach(t -> known.put(t.name(), t));
    List<OnnxNode> first = new ArrayList<>(before);
    first.addAll(nodes);
    return withInputs(all).with(first, known);
  }

  /**
   * The same model for images of one shape: what its inputs leave open of that is filled in.
   *
   * @param image an input's shape without the batch, in the model's own order
   * @throws CandelaException when no input has as many dimensions, or one has others
   */
  public OnnxModel forImages(Shape image) {
    List<OnnxValue> filled = new ArrayList<>();
    boolean found = false;
    for (OnnxValue v : inputs) {
      List<Dim> dims = v.dims().orElse(Collections.nCopies(image.rank() + 1, new Dim.Named("")));
      boolean fits = dims.size() == image.rank() + 1;
      filled.add(fits ? new OnnxValue(v.name(), v.type(), filled(v.name(), dims, image)) : v);
      found |= fits;
    }
    if (!found) {
      throw CandelaException.of(
          "%s: an input of %d dimensions and the batch expected for images of %s, it takes %s",
          name, image.rank(), image, inputs.stream().map(v -> v.dims().orElse(List.of())).toList());
    }
    return withInputs(filled);
  }

  private List<Dim> filled(String input, List<Dim> dims, Shape image) {
    List<Dim> all = new ArrayList<>(dims);
    for (int i = 1; i < all.size(); i++) {
      int size = image.dim(i - 1);
      if (all.get(i) instanceof Dim.Fixed f && f.size() != size) {
        throw CandelaException.of(
            "%s: input '%s' has %d at axis %d, images of %s have %d; the model fixes that",
            name, input, f.size(), i, image, size);
      }
      all.set(i, new Dim.Fixed(size));
    }
    return all;
  }

  /** SHA-256 of all files in their order, in hexadecimal; reads them once more. */
  public String sha256() {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files) {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
          in.transferTo(OutputStream.nullOutputStream());
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
