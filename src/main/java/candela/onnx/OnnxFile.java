package candela.onnx;

import candela.tensor.CandelaException;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A protobuf file in memory, and what can be said about one that is something else.
 *
 * <p>Read, not mapped: protobuf-java 4.36 copies a mapped buffer to the heap each time it is
 * parsed.
 */
final class OnnxFile {
  private static final Map<String, String> KINDS = new LinkedHashMap<>();

  static {
    KINDS.put("\u00ff\u00d8\u00ff", "a JPEG image");
    KINDS.put("\u0089PNG", "a PNG image");
    KINDS.put("PK\u0003\u0004", "a zip archive (a PyTorch or Keras file?)");
    KINDS.put("\u001f\u008b", "a gzip archive");
    KINDS.put("\u0089HDF", "an HDF5 file");
    KINDS.put("version https://git-lfs", "a git-lfs pointer (run git lfs pull)");
    KINDS.put("<", "a text file");
    KINDS.put("{", "a text file");
  }

  /** Reads one message of a type. */
  interface Parse<T> {
    T from(CodedInputStream in) throws IOException;
  }

  private final Path file;
  private final byte[] bytes;

  OnnxFile(Path file) {
    this.file = file;
    if (!Files.exists(file)) {
      throw CandelaException.of("%s: no such file; check the path", file);
    }
    if (!Files.isRegularFile(file)) {
      throw CandelaException.of(
          "%s: expected a file, came %s; give the .onnx file itself",
          file, Files.isDirectory(file) ? "a directory" : "something else");
    }
    try {
      checkSize(Files.size(file));
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new CandelaException(
          file + ": cannot be read (" + e.getMessage() + "); check its permissions", e);
    }
  }

  private void checkSize(long size) {
    if (size == 0) {
      throw CandelaException.of(
          "%s: expected an ONNX file, came an empty file; export or copy it again", file);
    }
    long most = Math.min(Integer.MAX_VALUE - 8, Runtime.getRuntime().maxMemory() / 4 * 3);
    if (size > most) {
      throw CandelaException.of(
          "%s: expected at most %d bytes, came %d; export with external data, or give Java more"
              + " memory (-Xmx)",
          file, most, size);
    }
  }

  String name() {
    return file.getFileName().toString();
  }

  /** Parses without copying: byte strings are views of the file's bytes. */
  <T> T parse(Descriptor type, Parse<T> parse, String noun) {
    try {
      Budget.check(input(), type);
      return parse.from(input());
    } catch (InvalidProtocolBufferException e) {
      throw new CandelaException(notA(noun, e.getMessage()), e);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read (" + e.getMessage() + ")", e);
    }
  }

  /** The message for a file that is not what was expected. */
  String notA(String noun, String fault) {
    String text = new String(bytes, 0, Math.min(32, bytes.length), StandardCharsets.ISO_8859_1);
    for (var kind : KINDS.entrySet()) {
      if (text.startsWith(kind.getKey())) {
        return String.format("%s: expected an ONNX %s, came %s", file, noun, kind.getValue());
      }
    }
    return String.format(
        "%s: expected an ONNX %s, came something else or a damaged file (%s); export or copy it"
            + " again",
        file, noun, fault);
  }

  private CodedInputStream input() {
    CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
    in.enableAliasing(true);
    return in;
  }
}
