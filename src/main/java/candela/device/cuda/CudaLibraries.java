package candela.device.cuda;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where cuDNN and cuBLAS are: the property, then LD_LIBRARY_PATH, CUDA's usual folders, and the
 * folders of Python's {@code nvidia-*} packages.
 *
 * @param environment of the process: LD_LIBRARY_PATH, CUDA_HOME, VIRTUAL_ENV, CONDA_PREFIX, PATH,
 *     HOME
 * @param root "/" but in tests
 */
record CudaLibraries(Map<String, String> environment, Path root) {
  private static final String HOW =
      "python3 -m pip install nvidia-cudnn-cu13 nvidia-cublas is the shortest way to have it";

  static CudaLibraries ofThisProcess() {
    return new CudaLibraries(System.getenv(), Path.of("/"));
  }

  /** cuDNN 9; property {@code candela.cudnn} names the file or its folder. */
  Path cudnn() {
    return find("cuDNN 9", "candela.cudnn", List.of("libcudnn.so.9"));
  }

  /** cuBLASLt of CUDA 13 or 12; property {@code candela.cublas} names the file or its folder. */
  Path cublasLt() {
    return find("cuBLAS", "candela.cublas", List.of("libcublasLt.so.13", "libcublasLt.so.12"));
  }

  private Path find(String what, String property, List<String> names) {
    String set = System.getProperty(property);
    if (set != null) {
      Path given = Path.of(set);
      return Stream.concat(Stream.of(given), names.stream().map(given::resolve))
          .filter(Files::isRegularFile)
          .findFirst()
          .orElseThrow(
              () ->
                  CandelaException.of(
                      "cuda: -D%s=%s: neither a library nor a folder with %s",
                      property, set, String.join(" or ", names)));
    }
    List<Path> folders = folders();
    for (String name : names) {
      for (Path folder : folders) {
        if (Files.isRegularFile(folder.resolve(name))) {
          return folder.resolve(name);
        }
      }
    }
    throw CandelaException.of(
        "cuda: %s (%s) not found in -D%s=FOLDER, LD_LIBRARY_PATH, CUDA's folders or Python's"
            + " packages; %s, or use --device cpu",
        what, names.getFirst(), property, HOW);
  }

  /** All folders that exist, in the order of search. */
  List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    for (String folder : words("LD_LIBRARY_PATH")) {
      folders.add(Path.of(folder));
    }
    for (String home : words("CUDA_HOME")) {
      folders.add(Path.of(home, "lib64"));
    }
    folders.add(root.resolve("usr/local/cuda/lib64"));
    folders.addAll(matching(root.resolve("usr/local"), "cuda-*", "lib64"));
    folders.add(root.resolve("usr/lib/x86_64-linux-gnu"));
    folders.add(root.resolve("usr/lib64"));
    folders.add(root.resolve("opt/cuda/lib64"));
    for (Path packages : pythonPackages()) {
      folders.addAll(matching(packages.resolve("nvidia"), "*", "lib"));
    }
    return folders.stream().filter(Files::isDirectory).distinct().toList();
  }

  /**
   * site-packages of the active environment, of python3 on the PATH, of the user, of the system.
   */
  private List<Path> pythonPackages() {
    List<Path> prefixes = new ArrayList<>();
    for (String name : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      words(name).forEach(prefix -> prefixes.add(Path.of(prefix)));
    }
    for (String folder : words("PATH")) {
      Path python = Path.of(folder, "python3");
      if (Files.isExecutable(python)) {
        prefixes.add(python.getParent().resolveSibling("")); // an environment's own
        try {
          Path real = python.toRealPath();
          prefixes.add(real.getParent().resolveSibling(""));
        } catch (IOException e) {
          continue; // a link to nowhere
        }
      }
    }
    words("HOME").forEach(home -> prefixes.add(Path.of(home, ".local")));
    prefixes.add(root.resolve("usr/local"));
    prefixes.add(root.resolve("usr"));
    List<Path> packages = new ArrayList<>();
    for (Path prefix : prefixes) {
      for (String kind : List.of("site-packages", "dist-packages")) {
        packages.addAll(matching(prefix.resolve("lib"), "python3*", kind));
      }
    }
    return packages;
  }

  private List<String> words(String variable) {
    return Stream.of(environment.getOrDefault(variable, "").split(":"))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private static List<Path> matching(Path folder, String glob, String below) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
        entries.forEach(entry -> found.add(entry.resolve(below)));
      } catch (IOException e) {
        return List.of(); // not ours to read
      }
    }
    found.sort(java.util.Comparator.reverseOrder()); // the newest first
    return found;
  }
}
