package candela.probe;

import candela.device.Device;
import candela.device.Memory;
import candela.graph.MemoryReport;
import candela.graph.Session;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Device memory of one call, freed together: what probes keep between batches.
 *
 * <p>Owns what it allocated and was given, not the device. For the thread that uses the device.
 */
public final class Workspace implements AutoCloseable {
  private final Device device;
  private final Asked asked;
  private final List<Memory> held = new ArrayList<>();
  private final List<Session> sessions = new ArrayList<>();
  private final Map<Object, Object> shared = new HashMap<>();
  private final Set<Workspace> children = new LinkedHashSet<>();
  private Workspace parent;
  private boolean channels = true;

  public Workspace(Device device) {
    this(device, null);
  }

  /**
   * @param asked images that probes need not ask about again; null for none
   */
  public Workspace(Device device, Asked asked) {
    this.device = device;
    this.asked = asked;
  }

  /** One that may be closed before this one is, and is closed with it. */
  public Workspace child() {
    var child = new Workspace(device);
    child.parent = this;
    children.add(child);
    return child;
  }

  public Device device() {
    return device;
  }

  /** For who wants one value a pixel of what methods find: channels may stay on the device. */
  public Workspace ofMaps() {
    channels = false;
    return this;
  }

  /** Whether what methods find is wanted in all its channels. */
  public boolean wantsChannels() {
    return channels;
  }

  /** Keeps a session of this device, which is opened here, open as long as the workspace is. */
  public Session own(Supplier<Session> open) {
    Session session = device.kernels().spare().room(open);
    sessions.add(session);
    return session;
  }

  /** Bytes of the sessions that it keeps open. */
  public long sessionBytes() {
    return sessions.stream().map(Session::memory).mapToLong(MemoryReport::bytes).sum();
  }

  /**
   * What the network says to an image as it is, without a row of the caller's; null where it has to
   * be asked.
   *
   * @param image as the network takes it
   */
  public Answers asked(float[] image, Ask ask, int target) {
    return asked == null ? null : asked.answers(image, ask, target, this);
  }

  /**
   * What several probes want alike is made once. Not to be changed.
   *
   * @param key equal where it is the same
   */
  @SuppressWarnings("unchecked")
  public <T> T once(Object key, Supplier<T> make) {
    Object made = shared.get(key);
    if (made == null) {
      made = make.get();
      shared.put(key, made);
    }
    return (T) made;
  }

  /** Zeros. */
  public MemorySegment allocate(long bytes) {
    return hold(() -> device.allocate(Math.max(bytes, 8)), bytes);
  }

  /** Zeros. */
  public Tensor tensor(Shape shape) {
    return new Tensor(shape, allocate((long) shape.count() * Tensor.BYTES));
  }

  /** Whatever was there before. */
  public Tensor unset(Shape shape) {
    return new Tensor(shape, take((long) shape.count() * Tensor.BYTES));
  }

  public Tensor tensor(Shape shape, float[] values) {
    Tensor t = unset(shape);
    device.write(t, values);
    return t;
  }

  public MemorySegment bytes(byte[] values) {
    return copy(MemorySegment.ofArray(values));
  }

  public MemorySegment floats(float[] values) {
    return copy(MemorySegment.ofArray(values));
  }

  public MemorySegment ints(int[] values) {
    return copy(MemorySegment.ofArray(values));
  }

  public MemorySegment longs(long[] values) {
    return copy(MemorySegment.ofArray(values));
  }

  /** The numbers of so many samples: 0, 1, 2, … */
  public MemorySegment samples(int n) {
    long[] numbers = new long[n];
    Arrays.setAll(numbers, i -> i);
    return longs(numbers);
  }

  public MemorySegment doubles(double[] values) {
    return copy(MemorySegment.ofArray(values));
  }

  /** The first n doubles at this address. */
  public double[] readDoubles(MemorySegment from, int n) {
    double[] values = new double[n];
    device.copyOut(from.asSlice(0, n * 8L), MemorySegment.ofArray(values));
    return values;
  }

  /** rows[r,i] = x[i]. */
  public void repeat(Tensor x, Tensor rows) {
    int n = x.count();
    int[] dims = {rows.shape().dim(0), n};
    device
        .kernels()
        .move()
        .copyStrided(false, 2, dims, new int[] {0, 1}, new int[] {n, 1}, x.data(), rows.data());
  }

  @Override
  public void close() {
    List.copyOf(children).forEach(Workspace::close);
    if (parent != null) {
      parent.children.remove(this);
    }
    sessions.forEach(Session::close);
    sessions.clear();
    held.forEach(Memory::close);
    held.clear();
  }

  /** To be written as a whole before it is read. */
  private MemorySegment take(long bytes) {
    return hold(() -> device.allocateUnset(Math.max(bytes, 8)), bytes);
  }

  private MemorySegment hold(Supplier<Memory> take, long bytes) {
    Memory memory = device.kernels().spare().room(take);
    held.add(memory);
    return memory.segment().asSlice(0, bytes);
  }

  private MemorySegment copy(MemorySegment host) {
    MemorySegment to = take(host.byteSize());
    device.copyIn(host, to.asSlice(0, host.byteSize()));
    return to;
  }
}
