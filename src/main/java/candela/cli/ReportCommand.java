package candela.cli;

import candela.image.WholeFile;
import candela.report.Page;
import candela.study.Ledger;
import candela.study.Results;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela report}: a ledger as one page for the browser. */
@Command(
    name = "report",
    description = "Write one HTML file of a ledger's tables, charts and maps; it needs no network.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ReportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "LEDGER", description = "What candela study wrote.")
  Path ledger;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "Default: the ledger's name with .html.")
  Path out;

  @Override
  public Integer call() {
    Path to = out == null ? beside(ledger) : out;
    WholeFile.checkApart("--out", to, ledger);
    try (Ledger open = Ledger.read(ledger)) {
      WholeFile.makeFolder("--out", WholeFile.folder(to));
      write(open, to);
    }
    System.out.println(to);
    return Main.OK;
  }

  static Path beside(Path ledger) {
    String name = ledger.getFileName().toString().replaceFirst("\\.duckdb$", "") + ".html";
    return ledger.resolveSibling(name);
  }

  static void write(Ledger open, Path to) {
    Page.write(to, Results.of(open));
  }
}
