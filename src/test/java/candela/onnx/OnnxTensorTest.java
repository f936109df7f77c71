package candela.onnx;

import static candela.onnx.Models.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.onnx.proto.ModelProto;
import candela.onnx.proto.StringStringEntryProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorProto.DataType;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxTensorTest {
  /** 1, -2, the smallest denormal 2^-24, infinity, and a NaN, as float16. */
  private static final int[] HALVES = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00};

  private static final float[] HALVES_AS_FLOATS = {
    1, -2, 0x1p-24f, Float.POSITIVE_INFINITY, Float.NaN
  };

  @TempDir Path root;
  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(root.resolve("models"));
  }

  @Test
  void rawAndTypedHalvesAreTheSameFloats() {
    ByteBuffer raw = bytes(2 * HALVES.length);
    var typed = tensor(DataType.FLOAT16, HALVES.length);
    for (int h : HALVES) {
      raw.putShort((short) h);
      typed.addInt32Data(h);
    }
    assertThat(read(typed).floats()).containsExactly(HALVES_AS_FLOATS);
    assertThat(read(raw(DataType.FLOAT16, raw, HALVES.length)).floats())
        .containsExactly(HALVES_AS_FLOATS);
  }

  @Test
  void brainFloatsAreTheUpperHalvesOfFloats() {
    // 0x3fc0 0000 = 1.5; 0x0001 0000 = 2^16 * 2^-149; 0xff80 0000 = -infinity
    var typed = tensor(DataType.BFLOAT16, 3).addInt32Data(0x3fc0).addInt32Data(1);
    typed.addInt32Data(0xff80);
    assertThat(read(typed).floats()).containsExactly(1.5f, 0x1p-133f, Float.NEGATIVE_INFINITY);
    ByteBuffer raw = bytes(2).putShort((short) 0x3fc0);
    assertThat(read(raw(DataType.BFLOAT16, raw, 1)).floats()).containsExactly(1.5f);
  }

  /** The tables of ONNX's pages on floats of 8 and 4 bits, by hand. */
  @Test
  void floatsOfFewBitsAreRead() {
    float none = Float.NaN;
    few(DataType.FLOAT8E4M3FN, 0x00, 0, 0x01, 0x1p-9f, 0x07, 7 * 0x1p-9f, 0x08, 0x1p-6f);
    few(DataType.FLOAT8E4M3FN, 0x38, 1, 0x3b, 1.375f, 0x7e, 448, 0x7f, none, 0x80, -0f);
    few(DataType.FLOAT8E4M3FN, 0xfe, -448, 0xff, none, 0xc0, -2);
    few(DataType.FLOAT8E4M3FNUZ, 0x01, 0x1p-10f, 0x40, 1, 0x7f, 240, 0x80, none, 0xff, -240);
    few(DataType.FLOAT8E5M2, 0x01, 0x1p-16f, 0x04, 0x1p-14f, 0x3c, 1, 0x3d, 1.25f, 0x7b, 57_344);
    few(DataType.FLOAT8E5M2, 0x7c, 1 / 0f, 0x7d, none, 0x7f, none, 0xfc, -1 / 0f, 0x80, -0f);
    few(DataType.FLOAT8E5M2FNUZ, 0x01, 0x1p-17f, 0x40, 1, 0x7f, 57_344, 0x80, none);
    few(DataType.FLOAT8E8M0, 0, 0x1p-127f, 127, 1, 128, 2, 254, 0x1p127f, 255, none);
    float[] positive = {0, .5f, 1, 1.5f, 2, 3, 4, 6};
    for (int i = 0; i < 8; i++) {
      ByteBuffer raw = bytes(1).put((byte) (i | (i | 8) << 4));
      var t = raw(DataType.FLOAT4E2M1, raw, 2);
      assertThat(read(t).floats()).containsExactly(positive[i], -positive[i]);
    }
  }

  private void few(DataType type, float... codesAndNumbers) {
    for (int i = 0; i < codesAndNumbers.length; i += 2) {
      int code = (int) codesAndNumbers[i];
      ByteBuffer raw = bytes(1).put((byte) code);
      float[] number = {codesAndNumbers[i + 1]};
      assertThat(read(raw(type, raw, 1)).floats()).as("%s %d", type, code).containsExactly(number);
      var typed = tensor(type, 1).addInt32Data(code);
      assertThat(read(typed).floats()).as("%s %d", type, code).containsExactly(number);
    }
  }

  @Test
  void doublesRoundToNearestEven() {
    // 1 + 2^-24 lies half-way between 1 and 1 + 2^-23; 1 + 3 * 2^-24 half-way to the next even one.
    double[] values = {1 + 0x1p-24, 1 + 3 * 0x1p-24, 1e300, 0x1p-149};
    float[] rounded = {1, 1 + 0x1p-22f, Float.POSITIVE_INFINITY, Float.MIN_VALUE};
    ByteBuffer raw = bytes(32);
    var typed = tensor(DataType.DOUBLE, 4);
    for (double v : values) {
      raw.putDouble(v);
      typed.addDoubleData(v);
    }
    assertThat(read(typed).floats()).containsExactly(rounded);
    assertThat(read(raw(DataType.DOUBLE, raw, 4)).floats()).containsExactly(rounded);
  }

  @Test
  void rawFloatsMayLieAtAnyAddress() {
    for (int pad = 0; pad < 8; pad++) {
      ByteBuffer raw = bytes(12).putFloat(1.5f).putFloat(-0f).putFloat(Float.MAX_VALUE);
      var t = raw(DataType.FLOAT, raw, 3).setName("n".repeat(pad));
      assertThat(read(t).floats()).containsExactly(1.5f, -0f, Float.MAX_VALUE);
    }
  }

  @Test
  void integersOfAllWidthsBecomeInt64() {
    ByteBuffer ones = bytes(8).putLong(-1);
    long[][] expected = {
      {2, 255}, {3, -1}, {4, 65535}, {5, -1}, {6, -1}, {7, -1}, {12, 0xffffffffL}
    };
    for (long[] e : expected) {
      ElementType type = ElementType.of((int) e[0]).orElseThrow();
      ByteBuffer raw = ones.duplicate().limit(type.bits() / Byte.SIZE);
      var t = raw(DataType.forNumber(type.code()), raw, 1);
      assertThat(read(t).longs()).as(type.toString()).containsExactly(e[1]);
      assertThat(read(t).isInteger()).isTrue();
    }
    assertThat(read(tensor(DataType.INT8, 2).addInt32Data(-3).addInt32Data(4)).longs())
        .containsExactly(-3, 4);
    assertThat(read(tensor(DataType.UINT32, 1).addUint64Data(4_000_000_000L)).longs())
        .containsExactly(4_000_000_000L);
    assertThat(read(tensor(DataType.INT64, 1).addInt64Data(Long.MIN_VALUE)).longs())
        .containsExactly(Long.MIN_VALUE);
    refused(tensor(DataType.UINT64, 1).addUint64Data(-1), "18446744073709551615");
  }

  /** The first in the low bits; the last byte has unused ones. */
  @Test
  void severalIntegersShareAByte() {
    Object[][] expected = {
      {DataType.UINT4, new long[] {1, 15, 8}},
      {DataType.INT4, new long[] {1, -1, -8}},
      {DataType.UINT2, new long[] {1, 0, 3, 3, 0}},
      {DataType.INT2, new long[] {1, 0, -1, -1, 0}},
    };
    for (Object[] e : expected) {
      var type = (DataType) e[0];
      var longs = (long[]) e[1];
      ByteBuffer raw = bytes(2).put((byte) 0xf1).put((byte) 0x68);
      assertThat(read(raw(type, raw, longs.length)).longs()).as("%s", type).containsExactly(longs);
      var typed = tensor(type, longs.length).addInt32Data(0xf1).addInt32Data(0x68);
      assertThat(read(typed).longs()).as("%s", type).containsExactly(longs);
      refused(raw(type, bytes(1), longs.length), "need 2 bytes", "has 1");
      refused(tensor(type, longs.length).addInt32Data(1), "2 elements", "has 1");
    }
  }

  @Test
  void booleansAreZeroAndOne() {
    ByteBuffer raw = bytes(3).put((byte) 0).put((byte) 1).put((byte) 7);
    OnnxTensor t = read(raw(DataType.BOOL, raw, 3));
    assertThat(t.longs()).containsExactly(0, 1, 1);
    assertThat(t.floats()).containsExactly(0, 1, 1);
  }

  @Test
  void scalarsAndEmptyTensorsAreRead() {
    var scalar = TensorProto.newBuilder().setDataType(1).addFloatData(3);
    assertThat(read(scalar).shape()).isEqualTo(Shape.SCALAR);
    assertThat(read(tensor(DataType.FLOAT, 0)).floats()).isEmpty();
    assertThat(read(tensor(DataType.INT64, 0).setRawData(ByteString.EMPTY)).longs()).isEmpty();
  }

  @Test
  void constantsCanBeMade() {
    assertThat(OnnxTensor.of("a", Shape.of(2), 1f, 2f).floats()).containsExactly(1, 2);
    assertThat(OnnxTensor.of("b", Shape.of(2), 1L, 2L).longs()).containsExactly(1, 2);
    assertThatThrownBy(() -> OnnxTensor.of("c", Shape.of(3), 1f))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void dataMustFitTheShape() {
    refused(tensor(DataType.FLOAT, 3).addFloatData(1), "3 elements", "has 1");
    refused(raw(DataType.FLOAT, bytes(4), 2), "need 8 bytes", "has 4");
    refused(raw(DataType.FLOAT, bytes(4), 1L << 40), "tensor 't'", "2^31");
    refused(raw(DataType.FLOAT, bytes(4), -1), "from 0 to 2^31");
    refused(raw(DataType.FLOAT, bytes(4), 1 << 20, 1 << 20), "2^31");
    refused(raw(DataType.INT64, bytes(4), 1 << 30), "2 GiB");
    refused(raw(DataType.FLOAT, bytes(4), 1, 1, 1, 1, 1, 1, 1, 1, 1), "9 dimensions");
  }

  @Test
  void otherTypesAreRefusedByName() {
    for (int code : new int[] {0, 8, 14, 15}) {
      DataType type = DataType.forNumber(code);
      String name = type.name().toLowerCase(Locale.ROOT);
      refused(tensor(type, 1), "tensor 't'", "element type " + name + " is not supported");
    }
    refused(tensor(DataType.FLOAT, 1).setDataType(99), "type 99");
    refused(tensor(DataType.FLOAT, 1).setSegment(TensorProto.Segment.newBuilder()), "segment");
  }

  @Test
  void externalDataIsReadAtItsOffset() {
    data("w.bin", bytes(12).putInt(0).putFloat(5).putFloat(6));
    var t = external("w.bin", 2, "offset", "4", "length", "8");
    assertThat(read(t).floats()).containsExactly(5, 6);
    assertThat(read(external("./w.bin", 3)).floats()).containsExactly(0, 5, 6);
  }

  @Test
  void externalDataStaysInTheFolder() throws IOException {
    Path outside = write(root.resolve("secret.bin"), new byte[4]);
    Files.createSymbolicLink(folder.resolve("link.bin"), outside);
    Files.createSymbolicLink(folder.resolve("dir"), root);
    for (String location :
        new String[] {"../secret.bin", outside.toString(), "a/../../secret.bin", "", "/dev/zero"}) {
      refused(external(location, 1), "external data", "inside the model's folder");
    }
    refused(external("link.bin", 1), "'link.bin'", "link out");
    refused(external("dir/secret.bin", 1), "link out");
    refused(external("absent.bin", 1), "no such file");
    refused(external("dir", 1), "no such file");
    refused(external("a\0b", 1), "not a usable path");
  }

  @Test
  void externalDataMustBeThere() {
    data("w.bin", bytes(8));
    refused(external("w.bin", 3), "the file has 8");
    refused(external("w.bin", 1, "offset", "5"), "bytes 5 to 9");
    refused(external("w.bin", 1, "offset", "" + Long.MAX_VALUE), "the file has 8");
    refused(external("w.bin", 1, "offset", "-4"), "offset must be a number");
    refused(external("w.bin", 1, "offset", "x"), "offset must be a number");
    refused(external("w.bin", 1, "length", "8"), "needs 4 bytes, length is 8");
  }

  @Test
  void aModelListsItsDataFilesAndHashesThem() {
    data("w.bin", bytes(12).putFloat(7));
    OnnxModel before = OnnxModel.read(write(folder, withExternalWeights(1)));
    assertThat(before.initialisers().get("w0").floats()).containsExactly(7, 0, 0);
    assertThat(before.files())
        .extracting(f -> f.getFileName().toString())
        .containsExactly("model.onnx", "w.bin");
    String hash = before.sha256();
    data("w.bin", bytes(12).putFloat(8));
    assertThat(before.sha256()).isNotEqualTo(hash);
  }

  @Test
  void aDataFileIsNotUnfoldedManyTimes() {
    data("w.bin", bytes(12));
    OnnxModel.read(write(folder, withExternalWeights(4)));
    assertThatThrownBy(() -> OnnxModel.read(write(folder, withExternalWeights(5))))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("tensor 'w4': external data 'w.bin': its bytes are used more than 4");
  }

  /** Weights w0, w1, … that all share the same bytes. */
  private static ModelProto withExternalWeights(int count) {
    ModelProto.Builder m = Models.tiny();
    for (int i = 0; i < count; i++) {
      m.getGraphBuilder().addInitializer(external("w.bin", 3).setName("w" + i));
    }
    return m.build();
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static TensorProto.Builder tensor(DataType type, long... dims) {
    var t = TensorProto.newBuilder().setName("t").setDataType(type.getNumber());
    for (long d : dims) {
      t.addDims(d);
    }
    return t;
  }

  private static TensorProto.Builder raw(DataType type, ByteBuffer data, long... dims) {
    return tensor(type, dims).setRawData(ByteString.copyFrom(data.rewind()));
  }

  private static TensorProto.Builder external(String location, int count, String... more) {
    var t = tensor(DataType.FLOAT, count).setDataLocation(TensorProto.DataLocation.EXTERNAL);
    Consumer<String[]> add =
        e -> t.addExternalData(StringStringEntryProto.newBuilder().setKey(e[0]).setValue(e[1]));
    add.accept(new String[] {"location", location});
    for (int i = 0; i < more.length; i += 2) {
      add.accept(new String[] {more[i], more[i + 1]});
    }
    return t;
  }

  private void data(String name, ByteBuffer bytes) {
    byte[] all = new byte[bytes.capacity()];
    bytes.rewind().get(all);
    write(folder.resolve(name), all);
  }

  private OnnxTensor read(TensorProto.Builder tensor) {
    return OnnxTensor.read(write(folder, tensor.build()));
  }

  private void refused(TensorProto.Builder tensor, String... parts) {
    assertThatThrownBy(() -> read(tensor))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("model.onnx: tensor 't'")
        .hasMessageContainingAll(parts);
  }
}
