package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.method.Methods;
import candela.metric.Metrics;
import candela.metric.Similarities;
import candela.train.Recipe;
import candela.train.Scenes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;

/**
 * The README and the pages in {@code src/site} name what there is, and their links lead somewhere.
 */
class PagesTest {
  static final Path README = Path.of("README.md");
  static final Path SITE = Path.of("src/site");
  static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]*)(?:#([^)\\s]+))?\\)");

  @Test
  void theReadMeNamesAllCommandsAndMethods() {
    List<String> commands =
        Stream.of(Main.class.getAnnotation(Command.class).subcommands())
            .map(command -> command.getAnnotation(Command.class))
            .filter(command -> !command.hidden())
            .map(Command::name)
            .toList();
    assertThat(named(README)).containsAll(commands).containsAll(Methods.names());
  }

  @Test
  void pagesNameAllMethodsMetricsAndSimilarities() {
    assertThat(named(SITE.resolve("methods.md"))).containsAll(Methods.names());
    assertThat(named(SITE.resolve("metrics.md")))
        .containsAll(Metrics.names())
        .containsAll(Similarities.names());
  }

  @Test
  void linksLeadToFilesAndHeadings() throws IOException {
    try (Stream<Path> pages = Files.list(SITE)) {
      Stream.concat(
              pages.filter(page -> page.toString().endsWith(".md")),
              Stream.of(README, Path.of("bench/README.md"), Path.of("src/recipes/README.md")))
          .forEach(PagesTest::followLinks);
    }
  }

  /** Picture i is a function of seed and i: of one seed, test pictures of few were learnt from. */
  @Test
  void examplesAttackWithPicturesThatNoRecipeLearnsFrom() throws IOException {
    Set<Long> learnt = new HashSet<>();
    try (Stream<Path> recipes = Files.list(Path.of("src/recipes"))) {
      recipes
          .filter(file -> file.toString().endsWith(".yaml"))
          .map(file -> Recipe.read(file).data())
          .filter(data -> data.startsWith("synthetic"))
          .forEach(data -> learnt.add(Scenes.parse(data).seed()));
    }
    String help = String.join("\n", AttackCommand.class.getAnnotation(Command.class).footer());
    List<String> examples =
        Pattern.compile("candela attack \\S+ --data (synthetic:\\S+)")
            .matcher(text(README) + help)
            .results()
            .map(found -> found.group(1))
            .toList();
    assertThat(examples).hasSize(2);
    assertThat(examples.stream().map(e -> Scenes.parse(e).seed()))
        .doesNotContainAnyElementsOf(learnt);
  }

  /** What stands between backquotes. */
  static List<String> named(Path page) {
    return Pattern.compile("`([^`\n]+)`")
        .matcher(text(page))
        .results()
        .map(m -> m.group(1))
        .toList();
  }

  static void followLinks(Path page) {
    LINK.matcher(text(page))
        .results()
        .filter(link -> !link.group(1).contains("://"))
        .forEach(
            link -> {
              Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
              assertThat(target).as("%s: %s", page, link.group()).exists();
              if (link.group(2) != null) {
                assertThat(headings(target))
                    .as("%s: %s", page, link.group())
                    .contains(link.group(2));
              }
            });
  }

  /** Headings as links name them: small letters, words joined by hyphens. */
  static List<String> headings(Path page) {
    return text(page)
        .lines()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(title -> title.replaceAll("[^\\p{L}\\p{N} -]", "").replace(' ', '-'))
        .toList();
  }

  static String text(Path page) {
    try {
      return Files.readString(page);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
