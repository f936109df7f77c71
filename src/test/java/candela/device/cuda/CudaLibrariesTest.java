package candela.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a tree that stands for the machine's. */
class CudaLibrariesTest {
  private static final String CUDNN = "libcudnn.so.9";
  private static final List<String> PROPERTIES = List.of("candela.cudnn", "candela.cublas");

  @TempDir Path root;
  private final Map<String, String> environment = new HashMap<>();
  private final Map<String, String> set = new HashMap<>();

  /** The properties of this run are put aside: they would win. */
  @BeforeEach
  void clear() {
    for (String name : PROPERTIES) {
      set.put(name, System.clearProperty(name));
    }
  }

  @AfterEach
  void restore() {
    for (String name : PROPERTIES) {
      System.clearProperty(name);
      if (set.get(name) != null) {
        System.setProperty(name, set.get(name));
      }
    }
  }

  private CudaLibraries libraries() {
    return new CudaLibraries(environment, root);
  }

  private Path library(String path) {
    Path file = root.resolve(path);
    try {
      Files.createDirectories(file.getParent());
      return Files.createFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each place is filled after those behind it: from then on it is the one that is found. */
  @Test
  void placesAreSearchedInTheirOrder() throws IOException {
    environment.put("LD_LIBRARY_PATH", ":" + root.resolve("first") + "::" + root.resolve("second"));
    environment.put("CUDA_HOME", root.resolve("home").toString());
    environment.put("VIRTUAL_ENV", root.resolve("active").toString());
    environment.put("CONDA_PREFIX", root.resolve("conda").toString());
    environment.put("HOME", root.resolve("user").toString());
    environment.put("PATH", root.resolve("bin") + ":" + root.resolve("env/bin"));
    Path python = library("env/bin/python3");
    assertThat(python.toFile().setExecutable(true)).isTrue();
    String packages = "/lib/python3.12/site-packages/nvidia/cudnn/lib/";
    List<String> order =
        List.of(
            "first/",
            "second/",
            "home/lib64/",
            "usr/local/cuda/lib64/",
            "usr/local/cuda-13.0/lib64/",
            "usr/local/cuda-12.8/lib64/",
            "usr/lib/x86_64-linux-gnu/",
            "usr/lib64/",
            "opt/cuda/lib64/",
            "active" + packages,
            "conda" + packages,
            "env" + packages,
            "user/.local" + packages,
            "usr/local/lib/python3.13/dist-packages/nvidia/cudnn/lib/",
            "usr/local/lib/python3.12/dist-packages/nvidia/cudnn/lib/",
            "usr/lib/python3.12/dist-packages/nvidia/cudnn/lib/");
    for (String place : order.reversed()) {
      Path file = library(place + CUDNN);
      assertThat(libraries().cudnn()).isEqualTo(file);
    }
    assertThat(libraries().folders()).hasSize(order.size());
    System.setProperty("candela.cudnn", root.resolve("usr/lib64").toString());
    assertThat(libraries().cudnn()).isEqualTo(root.resolve("usr/lib64").resolve(CUDNN));
  }

  /** The interpreter of a link is that of the environment first, then that of its target. */
  @Test
  void aLinkedPythonHasTwoPlaces() throws IOException {
    Path real = library("python/bin/python3.12");
    assertThat(real.toFile().setExecutable(true)).isTrue();
    Files.createDirectories(root.resolve("env/bin"));
    Files.createSymbolicLink(root.resolve("env/bin/python3"), real);
    environment.put("PATH", root.resolve("env/bin").toString());
    String packages = "/lib/python3.12/site-packages/nvidia/cudnn/lib/" + CUDNN;
    Path far = library("python" + packages).toRealPath();
    assertThat(libraries().cudnn().toRealPath()).isEqualTo(far);
    Path near = library("env" + packages);
    assertThat(libraries().cudnn()).isEqualTo(near);
  }

  @Test
  void aNewerCublasWinsOverAnEarlierFolder() {
    environment.put("LD_LIBRARY_PATH", root.resolve("first").toString());
    Path old = library("first/libcublasLt.so.12");
    assertThat(libraries().cublasLt()).isEqualTo(old);
    Path young = library("usr/lib64/libcublasLt.so.13");
    assertThat(libraries().cublasLt()).isEqualTo(young);
  }

  @Test
  void thePropertyNamesAFileOrItsFolder() {
    Path file = library("own/" + CUDNN);
    System.setProperty("candela.cudnn", file.getParent().toString());
    assertThat(libraries().cudnn()).isEqualTo(file);
    Path other = library("own/cudnn-of-mine.so");
    System.setProperty("candela.cudnn", other.toString());
    assertThat(libraries().cudnn()).isEqualTo(other);
  }

  /** What was asked for by name is not replaced by another. */
  @Test
  void aPropertyThatLeadsNowhereIsSaid() {
    library("usr/lib64/libcublasLt.so.13");
    String empty = root.resolve("empty").toString();
    System.setProperty("candela.cublas", empty);
    assertThatThrownBy(() -> libraries().cublasLt())
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "cuda: -Dcandela.cublas=%s: neither a library nor a folder with libcublasLt.so.13 or"
                + " libcublasLt.so.12",
            empty);
  }

  @Test
  void whatIsMissingIsNamedWithTheWayToHaveIt() {
    assertThatThrownBy(() -> libraries().cudnn())
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "cuda: cuDNN 9 (libcudnn.so.9) not found in -Dcandela.cudnn=FOLDER, LD_LIBRARY_PATH,"
                + " CUDA's folders or Python's packages; python3 -m pip install"
                + " nvidia-cudnn-cu13 nvidia-cublas is the shortest way to have it, or use"
                + " --device cpu");
    assertThatThrownBy(() -> libraries().cublasLt())
        .hasMessageStartingWith("cuda: cuBLAS (libcublasLt.so.13) not found in -Dcandela.cublas=");
  }
}
