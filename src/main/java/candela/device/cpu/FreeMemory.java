package candela.device.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory the machine can still give: Linux promises more than it has, and kills the
 * process that touches it.
 */
final class FreeMemory {
  private static final Path MACHINE = Path.of("/proc/meminfo");
  private static final Path LIMIT = Path.of("/sys/fs/cgroup/memory.max");
  private static final Path USED = Path.of("/sys/fs/cgroup/memory.current");
  private static final Path SHARES = Path.of("/sys/fs/cgroup/memory.stat");

  private FreeMemory() {}

  /** Bytes, by the machine and by the limit of its container; a large number where unknown. */
  static long bytes() {
    return Math.min(machine(lines(MACHINE)), container(lines(LIMIT), lines(USED), lines(SHARES)));
  }

  /** MemAvailable of /proc/meminfo, in KiB there. */
  static long machine(List<String> meminfo) {
    return 1024 * value(meminfo, "MemAvailable:", Long.MAX_VALUE / 1024);
  }

  /** Of cgroup version 2: the limit less what is used, without the file cache that can go. */
  static long container(List<String> max, List<String> current, List<String> stat) {
    if (max.isEmpty() || current.isEmpty() || max.get(0).equals("max")) {
      return Long.MAX_VALUE;
    }
    long used = Long.parseLong(current.get(0).strip());
    return Long.parseLong(max.get(0).strip()) - used + value(stat, "inactive_file", 0);
  }

  private static long value(List<String> lines, String key, long absent) {
    return lines.stream()
        .map(line -> line.split("\\s+", 3))
        .filter(words -> words.length > 1 && words[0].equals(key))
        .mapToLong(words -> Long.parseLong(words[1]))
        .findFirst()
        .orElse(absent);
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      return List.of(); // another kernel, or no container
    }
  }
}
