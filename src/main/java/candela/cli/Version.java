package candela.cli;

/** The version of the project, as pom.xml has it. */
final class Version {
  static final String NUMBER = "0.1.0";

  private Version() {}
}
