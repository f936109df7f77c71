package candela.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.util.List;
import org.junit.jupiter.api.Test;

class CsvTest {
  @Test
  void whatIsWrittenIsRead() {
    List<String> cells =
        List.of("a", "", "b,c", "\"d\"", "e\"\"f", "line\nbreak", "old\r\nbreak", "\"", "last ");
    String line = Csv.line(cells.toArray(String[]::new));
    for (String end : List.of("\n", "\r\n")) {
      assertThat(Csv.read(line + end + "1,2" + end))
          .containsExactly(new Csv.Row(1, cells), new Csv.Row(4, List.of("1", "2")));
    }
  }

  @Test
  void quotesStandWhereRfc4180PutsThem() {
    assertThat(Csv.line("a", "b,c", "say \"d\"")).isEqualTo("a,\"b,c\",\"say \"\"d\"\"\"");
  }

  @Test
  void aLineWithoutAnEndIsNone() {
    assertThat(Csv.read("a,b\nc,")).containsExactly(new Csv.Row(1, List.of("a", "b")));
  }

  @Test
  void quotesThatDoNotEndAreToldWithTheirLine() {
    assertThatThrownBy(() -> Csv.read("a,b\nc,\"d\ne,f\n"))
        .isInstanceOf(CandelaException.class)
        .hasMessage("line 2: a closing quote expected, the text ends");
  }
}
