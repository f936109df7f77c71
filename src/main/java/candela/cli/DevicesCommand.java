package candela.cli;

import candela.device.Devices;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code candela devices}: what there is to run on. */
@Command(
    name = "devices",
    description = "List the devices, and why one that you may expect cannot be used.",
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  candela devices"})
final class DevicesCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    Devices.list().forEach((name, what) -> System.out.println(name + "  " + what));
    return Main.OK;
  }
}
