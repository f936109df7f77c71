package candela.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;

/**
 * Walks a file without keeping anything, before it is parsed: protobuf turns two bytes into an
 * object of a hundred, so that a hostile file of some megabytes would fill the memory.
 */
final class Budget {
  /** Objects in a file, at about 30 a node with its attributes and notes: 16,000 nodes. */
  private static final int OBJECTS = 500_000;

  /** Messages within messages; a model without control flow has six. */
  private static final int DEPTH = 24;

  private final CodedInputStream in;
  private int left = OBJECTS;

  private Budget(CodedInputStream in) {
    this.in = in;
  }

  static void check(CodedInputStream in, Descriptor type) throws IOException {
    new Budget(in).walk(type, 0);
  }

  private void walk(Descriptor type, int depth) throws IOException {
    if (depth > DEPTH) {
      throw new InvalidProtocolBufferException("nested deeper than " + DEPTH + " levels");
    }
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int wire = WireFormat.getTagWireType(tag);
      if (wire == WireFormat.WIRETYPE_START_GROUP || wire == WireFormat.WIRETYPE_END_GROUP) {
        throw new InvalidProtocolBufferException("a protobuf group, which ONNX has not");
      }
      FieldDescriptor field = type.findFieldByNumber(WireFormat.getTagFieldNumber(tag));
      if (!isNumber(field, wire) && left-- == 0) {
        throw new InvalidProtocolBufferException("more than " + OBJECTS + " parts");
      }
      if (field != null
          && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
          && wire == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        int limit = in.pushLimit(in.readRawVarint32());
        walk(field.getMessageType(), depth + 1);
        if (in.getBytesUntilLimit() != 0) {
          throw new InvalidProtocolBufferException("a message ends early");
        }
        in.popLimit(limit);
      } else {
        in.skipField(tag);
      }
    }
  }

  /** Whether the field is kept in place, in a primitive array at most. */
  private static boolean isNumber(FieldDescriptor field, int wire) {
    return field != null
        && field.getJavaType() != FieldDescriptor.JavaType.ENUM
        && wire != WireFormat.WIRETYPE_LENGTH_DELIMITED
        && field.getLiteType().getWireType() == wire;
  }
}
