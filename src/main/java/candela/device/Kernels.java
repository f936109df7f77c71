package candela.device;

import candela.tensor.CandelaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Our hand-written kernels, one family per file of kernels/: native/candela.h as typed Java, on one
 * stream at a time.
 *
 * <p>For the thread that uses the device. A family is bound when it is first asked for.
 */
public final class Kernels {
  private final Library library;
  private final Turn turn;
  private final Spare spare = new Spare();
  private MemorySegment stream;
  private Elementwise elementwise;
  private Gate gate;
  private Convolve convolve;
  private TransposeFew transposeFew;
  private ConvolveFew convolveFew;
  private Widen widen;
  private Fold fold;
  private Convert convert;
  private Broadcast broadcast;
  private Reduce reduce;
  private Softmax softmax;
  private Norm norm;
  private Pool pool;
  private Move move;
  private Resample resample;
  private Sample sample;
  private Noise noise;
  private Mask mask;
  private Patch patch;
  private Blend blend;
  private Blur blur;
  private Score score;
  private Learn learn;
  private Attack attack;
  private Relevance relevance;
  private Multiplier multiplier;
  private Pair pair;
  private Rectify rectify;

  /**
   * @param stream what cd_stream_create gave; the caller destroys it
   */
  public Kernels(Library library, MemorySegment stream) {
    this(library, stream, new Turn());
  }

  /**
   * @param turn that of the device
   */
  public Kernels(Library library, MemorySegment stream, Turn turn) {
    this.library = library;
    this.stream = stream;
    this.turn = turn;
  }

  /** Whose turn it is on the device. */
  public Turn turn() {
    return turn;
  }

  /** What the device can do without where memory is short. */
  public Spare spare() {
    return spare;
  }

  /** Queues what follows on another stream of the device. */
  public void on(MemorySegment stream) {
    this.stream = stream;
  }

  public Elementwise elementwise() {
    if (elementwise == null) {
      elementwise = new Elementwise(this);
    }
    return elementwise;
  }

  public Gate gate() {
    if (gate == null) {
      gate = new Gate(this);
    }
    return gate;
  }

  public Convolve convolve() {
    if (convolve == null) {
      convolve = new Convolve(this);
    }
    return convolve;
  }

  public TransposeFew transposeFew() {
    if (transposeFew == null) {
      transposeFew = new TransposeFew(this);
    }
    return transposeFew;
  }

  public ConvolveFew convolveFew() {
    if (convolveFew == null) {
      convolveFew = new ConvolveFew(this);
    }
    return convolveFew;
  }

  public Widen widen() {
    if (widen == null) {
      widen = new Widen(this);
    }
    return widen;
  }

  public Convert convert() {
    if (convert == null) {
      convert = new Convert(this);
    }
    return convert;
  }

  public Fold fold() {
    if (fold == null) {
      fold = new Fold(this);
    }
    return fold;
  }

  public Broadcast broadcast() {
    if (broadcast == null) {
      broadcast = new Broadcast(this);
    }
    return broadcast;
  }

  public Reduce reduce() {
    if (reduce == null) {
      reduce = new Reduce(this);
    }
    return reduce;
  }

  public Softmax softmax() {
    if (softmax == null) {
      softmax = new Softmax(this);
    }
    return softmax;
  }

  public Norm norm() {
    if (norm == null) {
      norm = new Norm(this);
    }
    return norm;
  }

  public Pool pool() {
    if (pool == null) {
      pool = new Pool(this);
    }
    return pool;
  }

  public Move move() {
    if (move == null) {
      move = new Move(this);
    }
    return move;
  }

  public Resample resample() {
    if (resample == null) {
      resample = new Resample(this);
    }
    return resample;
  }

  public Sample sample() {
    if (sample == null) {
      sample = new Sample(this);
    }
    return sample;
  }

  public Noise noise() {
    if (noise == null) {
      noise = new Noise(this);
    }
    return noise;
  }

  public Patch patch() {
    if (patch == null) {
      patch = new Patch(this);
    }
    return patch;
  }

  public Mask mask() {
    if (mask == null) {
      mask = new Mask(this);
    }
    return mask;
  }

  public Blend blend() {
    if (blend == null) {
      blend = new Blend(this);
    }
    return blend;
  }

  public Blur blur() {
    if (blur == null) {
      blur = new Blur(this);
    }
    return blur;
  }

  public Score score() {
    if (score == null) {
      score = new Score(this);
    }
    return score;
  }

  public Learn learn() {
    if (learn == null) {
      learn = new Learn(this);
    }
    return learn;
  }

  public Attack attack() {
    if (attack == null) {
      attack = new Attack(this);
    }
    return attack;
  }

  public Relevance relevance() {
    if (relevance == null) {
      relevance = new Relevance(this);
    }
    return relevance;
  }

  public Multiplier multiplier() {
    if (multiplier == null) {
      multiplier = new Multiplier(this);
    }
    return multiplier;
  }

  public Pair pair() {
    if (pair == null) {
      pair = new Pair(this);
    }
    return pair;
  }

  public Rectify rectify() {
    if (rectify == null) {
      rectify = new Rectify(this);
    }
    return rectify;
  }

  /** Entry of this library; its first parameter is the stream. */
  Entry entry(String name, ValueLayout... parameters) {
    return library.entry(name, parameters);
  }

  /** Calls an entry with the stream and these arguments, in a turn of its own. */
  public void run(Entry entry, Object... arguments) {
    Object[] all = new Object[arguments.length + 1];
    all[0] = stream;
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    turn.run(() -> entry.call(all));
  }

  /** What an entry writes behind these arguments: so many numbers in host memory. */
  long[] told(int count, Entry entry, Object... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(ValueLayout.JAVA_LONG, count);
      Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
      all[arguments.length] = numbers;
      run(entry, all);
      return numbers.toArray(ValueLayout.JAVA_LONG);
    }
  }

  /** The values, after a check that the entry finds as many as it will read. */
  static int[] host(String entry, String name, int[] values, int length) {
    if (length < 0 || values.length < length) {
      throw CandelaException.of(
          "%s: %s needs %d values, has %d", entry, name, length, values.length);
    }
    return values;
  }
}
