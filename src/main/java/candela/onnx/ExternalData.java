package candela.onnx;

import candela.onnx.proto.StringStringEntryProto;
import candela.onnx.proto.TensorProto;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tensor data in files beside the model: inside its folder, nowhere else. */
final class ExternalData {
  /** Tensors may share bytes, but a small model must not unfold a file into many times its size. */
  private static final long MOST_OVERLAP = 4;

  private final String model;
  private final Path file;
  private final Map<Path, ByteBuffer> mapped = new HashMap<>();
  private final Map<String, Long> taken = new HashMap<>();
  private final List<Path> files = new ArrayList<>();

  ExternalData(String model, Path file) {
    this.model = model;
    this.file = file;
  }

  /** Files read so far. */
  List<Path> files() {
    return files;
  }

  /** The tensor's bytes, which must be exactly as many as expected. */
  ByteBuffer read(TensorProto tensor, long expected) {
    var entries = new HashMap<String, String>();
    for (StringStringEntryProto e : tensor.getExternalDataList()) {
      entries.put(e.getKey(), e.getValue());
    }
    String location = entries.getOrDefault("location", "");
    ByteBuffer all = map(tensor, location);
    long offset = number(tensor, entries, "offset", 0);
    long length = number(tensor, entries, "length", expected);
    if (length != expected) {
      throw fault(tensor, location, "its shape needs " + expected + " bytes, length is " + length);
    }
    if (offset > all.capacity() || length > all.capacity() - offset) {
      throw fault(
          tensor,
          location,
          String.format(
              "bytes %d to %d were expected, the file has %d",
              offset, offset + length, all.capacity()));
    }
    if (taken.merge(location, length, Long::sum) > MOST_OVERLAP * all.capacity()) {
      throw fault(tensor, location, "its bytes are used more than " + MOST_OVERLAP + " times over");
    }
    return all.slice((int) offset, (int) length);
  }

  private ByteBuffer map(TensorProto tensor, String location) {
    Path path = resolve(tensor, location);
    ByteBuffer known = mapped.get(path);
    if (known != null) {
      return known;
    }
    try (FileChannel channel = FileChannel.open(path)) {
      if (channel.size() > Integer.MAX_VALUE) {
        throw fault(tensor, location, "at most 2 GiB a file can be read, it has " + channel.size());
      }
      ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      mapped.put(path, bytes);
      files.add(path);
      return bytes;
    } catch (IOException e) {
      throw fault(tensor, location, "it cannot be read (" + e.getMessage() + ")");
    }
  }

  private Path resolve(TensorProto tensor, String location) {
    try {
      Path relative = Path.of(location);
      if (location.isEmpty() || relative.isAbsolute() || relative.normalize().startsWith("..")) {
        throw fault(tensor, location, "a path inside the model's folder was expected");
      }
      Path folder = file.toRealPath().getParent();
      Path path = folder.resolve(relative.normalize());
      if (!Files.isRegularFile(path)) {
        throw fault(tensor, location, "there is no such file beside the model");
      }
      Path real = path.toRealPath();
      if (!real.startsWith(folder)) {
        throw fault(tensor, location, "it is a link out of the model's folder");
      }
      return real;
    } catch (InvalidPathException | IOException e) {
      throw fault(tensor, location, "it is not a usable path");
    }
  }

  private long number(TensorProto tensor, Map<String, String> entries, String key, long absent) {
    String text = entries.get(key);
    if (text == null) {
      return absent;
    }
    try {
      long value = Long.parseLong(text.strip());
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Falls through to the one message.
    }
    throw fault(
        tensor,
        entries.get("location"),
        key + " must be a number of bytes, is " + Names.quote(text));
  }

  private CandelaException fault(TensorProto tensor, String location, String fault) {
    return CandelaException.of(
        "%s: tensor %s: external data %s: %s; copy the data files together with the model",
        model, Names.quote(tensor.getName()), Names.quote(String.valueOf(location)), fault);
  }
}
