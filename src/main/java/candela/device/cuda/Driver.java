package candela.device.cuda;

import candela.device.OutOfMemory;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** JCuda's driver API, loaded once, with its codes turned into exceptions. */
final class Driver {
  private static final String ANOTHER =
      "JDK_JAVA_OPTIONS=-Djava.io.tmpdir=FOLDER names another folder";

  private static boolean loaded;

  private Driver() {}

  /**
   * Loads JCuda's native part, which it would unpack under a name that all users share, from a
   * folder of its own. Only after cd_device_count said that there is a driver: without one the
   * class cannot be initialised.
   */
  static synchronized void load() {
    if (loaded) {
      return;
    }
    String shared = System.getProperty("java.io.tmpdir");
    try {
      Path own = Files.createTempDirectory("candela-jcuda");
      System.setProperty("java.io.tmpdir", own.toString());
      try {
        JCudaDriver.setExceptionsEnabled(false);
      } finally {
        System.setProperty("java.io.tmpdir", shared);
        delete(own); // the system keeps what is loaded
      }
    } catch (IOException e) {
      throw new CandelaException("cuda: " + shared + " cannot be written; " + ANOTHER, e);
    } catch (LinkageError e) {
      String why = shared + " (" + e.getMessage() + "); if programs may not run there, " + ANOTHER;
      throw new CandelaException("cuda: JCuda cannot be loaded from " + why, e);
    }
    check("cuInit", JCudaDriver.cuInit(0));
    loaded = true;
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** Throws unless the driver said that all is well. */
  static void check(String call, int code) {
    if (code == CUresult.CUDA_SUCCESS) {
      return;
    }
    String[] text = {null};
    JCudaDriver.cuGetErrorString(code, text);
    String message = "cuda: " + call + ": code " + code + ", " + text[0];
    if (code >= CUresult.CUDA_ERROR_ILLEGAL_ADDRESS && code <= CUresult.CUDA_ERROR_LAUNCH_FAILED) {
      message += " in some work before; CUDA_LAUNCH_BLOCKING=1 tells in which node";
    }
    throw code == CUresult.CUDA_ERROR_OUT_OF_MEMORY
        ? new OutOfMemory(message + "; use a smaller batch or model")
        : new CandelaException(message);
  }

  /** A device address as JCuda takes it. */
  static CUdeviceptr at(long address) {
    return new CUdeviceptr().withByteOffset(address);
  }
}
