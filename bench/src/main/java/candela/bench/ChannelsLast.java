package candela.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * PyTorch's memory formats, which DJL's arrays do not offer: a TorchScript module of one line,
 * written here, that DJL loads and runs. PyTorch's operators then keep the layout from one to the
 * next.
 */
final class ChannelsLast implements AutoCloseable {
  private static final String CODE =
      """
      class Layout(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        def forward(self: __torch__.Layout,
          x: Tensor) -> Tensor:
          return torch.contiguous(x, memory_format=%d)
      """;

  // Pickle, protocol 2: an object of class __torch__.Layout with the state {"training": false}.
  private static final byte[] STATE =
      "\u0080\u0002c__torch__\nLayout\n)\u0081}X\u0008\u0000\u0000\u0000training\u0089sb."
          .getBytes(StandardCharsets.ISO_8859_1);

  private static final byte[] EMPTY_TUPLE = "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1);

  // torch.contiguous_format and torch.channels_last
  private static final int CONTIGUOUS = 0;
  private static final int CHANNELS_LAST = 2;

  private final PtSymbolBlock channelsLast;
  private final PtSymbolBlock contiguous;

  ChannelsLast(NDManager manager) {
    channelsLast = module(manager, CHANNELS_LAST);
    contiguous = module(manager, CONTIGUOUS);
  }

  NDArray of(NDArray x) {
    return IValueUtils.forward(channelsLast, new NDList(x), true).singletonOrThrow();
  }

  NDArray contiguous(NDArray x) {
    return IValueUtils.forward(contiguous, new NDList(x), true).singletonOrThrow();
  }

  @Override
  public void close() {
    channelsLast.close();
    contiguous.close();
  }

  private static PtSymbolBlock module(NDManager manager, int format) {
    try (InputStream in = new ByteArrayInputStream(archive(CODE.formatted(format)))) {
      return JniUtils.loadModule((PtNDManager) manager, in, false, false);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] archive(String code) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      put(zip, "layout/data.pkl", STATE);
      put(zip, "layout/code/__torch__.py", code.getBytes(StandardCharsets.US_ASCII));
      put(zip, "layout/constants.pkl", EMPTY_TUPLE);
      put(zip, "layout/version", "3\n".getBytes(StandardCharsets.US_ASCII));
    }
    return bytes.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
