package candela.cli;

import candela.image.WholeFile;
import candela.study.Ledger;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela export}: the tables of a ledger as files. */
@Command(
    name = "export",
    description = "Write the tables and views of a ledger as Parquet or CSV files.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ExportCommand implements Callable<Integer> {
  /** What files are written. */
  enum Format {
    PARQUET,
    CSV
  }

  @Parameters(paramLabel = "LEDGER", description = "What candela study wrote.")
  Path ledger;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Where files go. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("candela-export");

  @Option(
      names = "--format",
      paramLabel = "parquet|csv",
      description = "What files are written. Default: parquet.")
  Format format = Format.PARQUET;

  @Override
  public Integer call() {
    try (Ledger open = Ledger.read(ledger)) {
      WholeFile.makeFolder("--out", out);
      open.export(out, format.name().toLowerCase(Locale.ROOT)).forEach(System.out::println);
    }
    return Main.OK;
  }
}
