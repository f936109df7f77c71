package candela.device;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class PlainCheckTest {
  @Test
  void theDeviceAgreesWithPlainJava() {
    List<String> faults = new ArrayList<>();
    try (Device device = TestDevice.open(2)) {
      assertThat(PlainCheck.run(device, faults::add)).as(faults.toString()).isZero();
    }
    assertThat(faults).isEmpty();
  }

  /** A device whose results are right but for the last four bytes of each. */
  @Test
  void oneWrongElementIsFoundInEveryKernel() {
    List<String> faults = new ArrayList<>();
    try (Device device = TestDevice.open(2)) {
      Device wrong =
          (Device)
              Proxy.newProxyInstance(
                  Device.class.getClassLoader(),
                  new Class<?>[] {Device.class},
                  (proxy, method, arguments) -> {
                    try {
                      Object answer = method.invoke(device, arguments);
                      if (method.getName().equals("copyOut")) {
                        MemorySegment host = (MemorySegment) arguments[1];
                        long last = host.byteSize() - 4;
                        host.set(ValueLayout.JAVA_INT_UNALIGNED, last, 0x7f000000);
                      }
                      return answer;
                    } catch (InvocationTargetException e) {
                      throw e.getCause();
                    }
                  });
      assertThat(PlainCheck.run(wrong, faults::add)).isEqualTo(PlainCheck.count());
    }
    assertThat(faults).hasSize(PlainCheck.count());
    assertThat(faults.getFirst()).startsWith("add[1002]: ").contains(" expected, is 1.701412e+38");
  }
}
