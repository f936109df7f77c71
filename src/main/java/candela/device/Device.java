package candela.device;

import candela.tensor.Storage;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Where tensors live and kernels run: allocates, copies, and holds the kernels and the dense
 * algebra, all on one stream (a thread count on the CPU).
 *
 * <p>For one thread at a time, with its sessions and pipelines: kernels that a second one runs
 * meanwhile, or on a closed device, throw IllegalStateException. Two device objects never disturb
 * each other.
 */
public interface Device extends AutoCloseable {
  /** "cpu" or "cuda:0". */
  String name();

  /**
   * What runs the kernels, for provenance: processor or card, instruction set, library versions.
   */
  String describe();

  /** Threads that the kernels use; 1 on a card. */
  int threads();

  /** Whether kernels can read host memory: true of the CPU only. */
  default boolean readsHost() {
    return false;
  }

  /** How convolutions and matrix products multiply, and how a session holds values between them. */
  default Precision precision() {
    return Precision.FLOAT32;
  }

  /**
   * Bytes that a node may read and write at a time, so that the next node finds them in the cache:
   * a session runs that many rows at once.
   */
  long sliceBytes();

  /** Bytes that can still be allocated, as far as the device knows. */
  long freeBytes();

  /** Bytes that there are, whoever holds them; those that are free where that is not known. */
  default long allBytes() {
    return freeBytes();
  }

  /**
   * Work that queues the same kernels on the same memory at every run: a card records it at its
   * second run, as one CUDA graph. It must not copy to or from the host.
   */
  default Recording record(Runnable work) {
    return work::run;
  }

  /** Pieces of recorded work that may run side by side; 1 where all run one after another. */
  default int lanes() {
    return 1;
  }

  /**
   * As {@link #record(Runnable)}, of pieces that may run side by side, with the same bits as in
   * their order.
   *
   * @param name of what is chosen by measurement: whether they do
   */
  default Recording record(String name, List<Work> pieces) {
    return record(() -> pieces.forEach(p -> p.task().run()));
  }

  /**
   * What is chosen by measurement on this device at this precision; empty where nothing is: the
   * CPU.
   */
  default Optional<Choices> choices() {
    return Optional.empty();
  }

  Kernels kernels();

  Dense dense();

  /**
   * Zeros.
   *
   * @throws OutOfMemory when there is no room
   */
  Memory allocate(long bytes);

  /**
   * Memory that is written before it is read: whatever it holds until then.
   *
   * @throws OutOfMemory when there is no room
   */
  default Memory allocateUnset(long bytes) {
    return allocate(bytes);
  }

  /** Copies host bytes to the device; both segments have the same size. */
  void copyIn(MemorySegment host, MemorySegment to);

  /** Copies device bytes to the host, after all work before it. */
  void copyOut(MemorySegment from, MemorySegment host);

  /**
   * Queues a copy of device bytes as they are after all work so far. They are on the host once what
   * is returned has been run, which waits for this copy alone; on the CPU they are there at once.
   */
  default Runnable copyOutLater(MemorySegment from, MemorySegment host) {
    copyOut(from, host);
    return () -> {};
  }

  /**
   * A block of its own that holds what lies on the host, 4 bytes at least; the caller closes it.
   */
  default Memory upload(MemorySegment host) {
    Memory memory = allocate(Math.max(4, host.byteSize()));
    try {
      copyIn(host, memory.segment().asSlice(0, host.byteSize()));
      return memory;
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  default void write(Tensor to, float[] values) {
    if (values.length != to.count()) {
      throw new IllegalArgumentException(to.shape() + " given " + values.length + " values");
    }
    copyIn(MemorySegment.ofArray(values), to.data().asSlice(0, values.length * 4L));
  }

  default float[] read(Tensor from) {
    float[] values = new float[from.count()];
    if (from.storage() != Storage.FLOAT32) {
      short[] bits = new short[values.length];
      copyOut(from.data().asSlice(0, values.length * 2L), MemorySegment.ofArray(bits));
      for (int i = 0; i < values.length; i++) {
        values[i] = from.storage().decode(bits[i]);
      }
      return values;
    }
    copyOut(from.data().asSlice(0, values.length * 4L), MemorySegment.ofArray(values));
    return values;
  }

  @Override
  void close();
}
