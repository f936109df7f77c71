package candela.cli;

import picocli.CommandLine.Option;

/** Which of a model's outputs is asked. */
final class Output {
  @Option(
      names = "--output",
      paramLabel = "NAME",
      description = "Model output with the class scores. Default: the first.")
  String name;
}
