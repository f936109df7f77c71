package candela.train;

import candela.config.Spec;
import candela.tensor.CandelaException;
import java.nio.file.Path;

/**
 * Data by a spec: {@code images:path=FOLDER or .zip}, {@code idx:images=…,labels=…}, {@code
 * csv:path=…} or {@code synthetic:…}; see the class of each.
 */
public final class Sources {
  private Sources() {}

  /**
   * Training and test pictures of a recipe, its fraction and its shuffled labels applied.
   *
   * @return two sets
   */
  public static Dataset[] of(Recipe recipe) {
    Dataset[] sets =
        CandelaException.at(recipe.name() + ": data", () -> read(recipe.data(), recipe.folder()));
    Dataset train = sets[0].checked(recipe.name());
    if (sets.length == 1) {
      int all = train.size();
      sets = train.split(1 - recipe.validation(), recipe.seed());
      train = sets[0];
      if (sets[1].size() == 0) {
        throw CandelaException.of(
            "%s: validation: a share that leaves pictures to test on expected, got %s of %d; give a"
                + " larger one, or more pictures",
            recipe.name(), recipe.validation(), all);
      }
    }
    train = train.fraction(recipe.fraction(), recipe.seed());
    if (recipe.shuffleLabels()) {
      train = train.shuffledLabels(recipe.seed());
    }
    return new Dataset[] {train, sets[1]};
  }

  /**
   * What a spec names.
   *
   * @param folder where relative paths start
   * @return one set, or the training and the test set where the source has both
   */
  public static Dataset[] read(String text, Path folder) {
    Spec spec = Spec.parse(text);
    Dataset[] sets =
        switch (spec.name()) {
          case "images" -> ImageFiles.read(spec, folder);
          case "idx" -> Idx.read(spec, folder);
          case "csv" -> Csv.read(spec, folder);
          case "synthetic" -> Scenes.read(spec);
          default ->
              throw CandelaException.of(
                  "images, idx, csv or synthetic expected, got '%s'", spec.name());
        };
    spec.finish();
    return sets;
  }

  /** The path that a parameter gives. */
  static Path path(Spec spec, String key, Path folder) {
    String value = spec.text(key, null);
    if (value == null) {
      throw CandelaException.of("%s: parameter '%s' expected, it is missing", spec.name(), key);
    }
    return folder.resolve(value);
  }
}
