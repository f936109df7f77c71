package candela.device.cuda;

import static candela.device.cuda.Foreign.I;
import static candela.device.cuda.Foreign.L;
import static candela.device.cuda.Foreign.P;

import candela.device.OutOfMemory;
import candela.tensor.CandelaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Locale;

/**
 * cuDNN 9's backend: descriptors that are given attributes and finished, and plans that are
 * executed. Names of constants are cuDNN's, without their prefix.
 */
final class Cudnn implements AutoCloseable {
  /** Kinds of descriptors (cudnnBackendDescriptorType_t). */
  enum Kind {
    POINTWISE,
    CONVOLUTION,
    ENGINE,
    ENGINECFG,
    ENGINEHEUR,
    EXECUTION_PLAN,
    INTERMEDIATE_INFO,
    KNOB_CHOICE,
    KNOB_INFO,
    LAYOUT_INFO,
    OPERATION_CONVOLUTION_FORWARD,
    OPERATION_CONVOLUTION_BACKWARD_FILTER,
    OPERATION_CONVOLUTION_BACKWARD_DATA,
    OPERATION_POINTWISE,
    OPERATION_GEN_STATS,
    OPERATIONGRAPH,
    VARIANT_PACK,
    TENSOR
  }

  /** Types of attributes (cudnnBackendAttributeType_t). */
  static final int HANDLE = 0;

  static final int DATA_TYPE = 1;
  static final int BOOLEAN = 2;
  static final int INT64 = 3;
  static final int FLOAT = 4;
  static final int VOID_PTR = 6;
  static final int CONVOLUTION_MODE = 7;
  static final int HEUR_MODE = 8;
  static final int NUMERICAL_NOTE = 11;
  static final int POINTWISE_MODE = 14;
  static final int BACKEND_DESCRIPTOR = 15;

  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle setStream;
  private final MethodHandle version;
  private final MethodHandle errorString;
  private final MethodHandle lastErrorString;
  private final MethodHandle createDescriptor;
  private final MethodHandle destroyDescriptor;
  private final MethodHandle setAttribute;
  private final MethodHandle getAttribute;
  private final MethodHandle finish;
  private final MethodHandle execute;
  private final MemorySegment handle;

  Cudnn(Path file, MemorySegment stream) {
    Foreign library = new Foreign(file);
    create = library.bind("cudnnCreate", I, P);
    destroy = library.bind("cudnnDestroy", I, P);
    setStream = library.bind("cudnnSetStream", I, P, P);
    version = library.bind("cudnnGetVersion", L);
    errorString = library.bind("cudnnGetErrorString", P, I);
    lastErrorString = library.bind("cudnnGetLastErrorString", I, P, L);
    createDescriptor = library.bind("cudnnBackendCreateDescriptor", I, I, P);
    destroyDescriptor = library.bind("cudnnBackendDestroyDescriptor", I, P);
    setAttribute = library.bind("cudnnBackendSetAttribute", I, P, I, I, L, P);
    getAttribute = library.bind("cudnnBackendGetAttribute", I, P, I, I, L, P, P);
    finish = library.bind("cudnnBackendFinalize", I, P);
    execute = library.bind("cudnnBackendExecute", I, P, P, P);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(P);
      check("cudnnCreate", (int) Foreign.call(create, out));
      handle = out.get(ValueLayout.ADDRESS, 0);
    }
    try {
      on(stream);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Queues what follows on this stream. */
  void on(MemorySegment stream) {
    check("cudnnSetStream", (int) Foreign.call(setStream, handle, stream));
  }

  /** "9.10.2". */
  String version() {
    return Foreign.version(version);
  }

  Descriptor descriptor(Kind kind) {
    return new Descriptor(kind);
  }

  /** Runs a plan on the stream. */
  void execute(Descriptor plan, Descriptor pack) {
    check("cudnnBackendExecute", (int) Foreign.call(execute, handle, plan.address, pack.address));
  }

  private void check(String call, int status) {
    if (status == 0) {
      return;
    }
    String text = Foreign.text((MemorySegment) Foreign.call(errorString, status));
    String more;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment words = arena.allocate(512);
      Foreign.call(lastErrorString, words, 512L);
      more = words.getString(0);
    }
    String message =
        String.format(
            Locale.ROOT,
            "cuDNN %s: %s: code %d, %s %s",
            version(),
            call,
            status,
            text,
            more.strip());
    throw status / 1000 == 4 && text.contains("ALLOC")
        ? new OutOfMemory(message)
        : new CandelaException(message.strip());
  }

  @Override
  public void close() {
    Foreign.call(destroy, handle);
  }

  /** A backend descriptor: attributes are set, then it is finished and may be read. */
  final class Descriptor implements AutoCloseable {
    private final Kind kind;
    private MemorySegment address;

    private Descriptor(Kind kind) {
      this.kind = kind;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment out = arena.allocate(P);
        check(
            "cudnnBackendCreateDescriptor",
            (int) Foreign.call(createDescriptor, kind.ordinal(), out));
        address = out.get(ValueLayout.ADDRESS, 0);
      }
    }

    Descriptor longs(int attribute, long... values) {
      try (Arena arena = Arena.ofConfined()) {
        return set(
            attribute, INT64, values.length, arena.allocateFrom(ValueLayout.JAVA_LONG, values));
      }
    }

    /** An attribute whose type is one of cuDNN's enumerations. */
    Descriptor choice(int attribute, int type, int value) {
      try (Arena arena = Arena.ofConfined()) {
        return set(attribute, type, 1, arena.allocateFrom(ValueLayout.JAVA_INT, value));
      }
    }

    Descriptor number(int attribute, float value) {
      try (Arena arena = Arena.ofConfined()) {
        return set(attribute, FLOAT, 1, arena.allocateFrom(ValueLayout.JAVA_FLOAT, value));
      }
    }

    Descriptor flag(int attribute, boolean value) {
      try (Arena arena = Arena.ofConfined()) {
        return set(
            attribute,
            BOOLEAN,
            1,
            arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) (value ? 1 : 0)));
      }
    }

    Descriptor pointers(int attribute, MemorySegment... values) {
      return addresses(attribute, VOID_PTR, values);
    }

    Descriptor handle(int attribute) {
      return addresses(attribute, HANDLE, handle);
    }

    Descriptor descriptors(int attribute, Descriptor... values) {
      MemorySegment[] addresses = new MemorySegment[values.length];
      for (int i = 0; i < values.length; i++) {
        addresses[i] = values[i].address;
      }
      return addresses(attribute, BACKEND_DESCRIPTOR, addresses);
    }

    private Descriptor addresses(int attribute, int type, MemorySegment... values) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment array = arena.allocate(P, values.length);
        for (int i = 0; i < values.length; i++) {
          array.setAtIndex(ValueLayout.ADDRESS, i, values[i]);
        }
        return set(attribute, type, values.length, array);
      }
    }

    private Descriptor set(int attribute, int type, long count, MemorySegment values) {
      int status = (int) Foreign.call(setAttribute, address, attribute, type, count, values);
      check("cudnnBackendSetAttribute " + attribute + " of " + kind, status);
      return this;
    }

    Descriptor finish() {
      check("cudnnBackendFinalize of " + kind, (int) Foreign.call(finish, address));
      return this;
    }

    long readLong(int attribute) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment value = arena.allocate(L);
        get(attribute, INT64, 1, value);
        return value.get(ValueLayout.JAVA_LONG, 0);
      }
    }

    /** Values of an enumeration, at most so many. */
    int[] readChoices(int attribute, int type, int most) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment values = arena.allocate(I, most);
        long n = get(attribute, type, most, values);
        return values.asSlice(0, Math.min(n, most) * 4).toArray(ValueLayout.JAVA_INT);
      }
    }

    /** Fills a descriptor with what this one holds there. */
    Descriptor read(int attribute, Descriptor into) {
      read(attribute, new Descriptor[] {into});
      return into;
    }

    /** How many of these descriptors were filled. */
    int read(int attribute, Descriptor[] into) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment array = arena.allocate(P, into.length);
        for (int i = 0; i < into.length; i++) {
          array.setAtIndex(ValueLayout.ADDRESS, i, into[i].address);
        }
        return (int) Math.min(get(attribute, BACKEND_DESCRIPTOR, into.length, array), into.length);
      }
    }

    /** How many elements the attribute has. */
    long count(int attribute, int type) {
      return get(attribute, type, 0, MemorySegment.NULL);
    }

    private long get(int attribute, int type, long most, MemorySegment into) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment n = arena.allocate(L);
        int status = (int) Foreign.call(getAttribute, address, attribute, type, most, n, into);
        check("cudnnBackendGetAttribute " + attribute + " of " + kind, status);
        return n.get(ValueLayout.JAVA_LONG, 0);
      }
    }

    @Override
    public void close() {
      Foreign.call(destroyDescriptor, address);
    }
  }
}
