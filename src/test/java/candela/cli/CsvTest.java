package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CsvTest {
  @Test
  void whatIsWrittenIsRead() {
    List<String> cells =
        List.of("a", "", "b,c", "\"d\"", "e\"\"f", "line\nbreak", "old\r\nbreak", "\"", "last ");
    String line = Csv.line(cells.toArray(String[]::new));
    assertThat(Csv.read(line + "\n1,2\n")).containsExactly(cells, List.of("1", "2"));
    assertThat(Csv.read(line + "\r\n1,2\r\n")).containsExactly(cells, List.of("1", "2"));
  }

  @Test
  void quotesStandWhereRfc4180PutsThem() {
    assertThat(Csv.line("a", "b,c", "say \"d\"")).isEqualTo("a,\"b,c\",\"say \"\"d\"\"\"");
  }

  @Test
  void aLineWithoutAnEndIsNone() {
    assertThat(Csv.read("a,b\nc,")).containsExactly(List.of("a", "b"));
  }
}
