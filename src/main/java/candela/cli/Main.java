package candela.cli;

import candela.config.Whole;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/**
 * The command line. Exit codes: 0 all done, 1 some images failed or methods were left out, 2 wrong
 * usage or input.
 */
@Command(
    name = "candela",
    description = "Which pixels lit the decision? Attribution maps of image classifiers.",
    synopsisSubcommandLabel = "COMMAND",
    version = "candela " + Version.NUMBER,
    subcommands = {
      Explain.class,
      MethodsCommand.class,
      MetricsCommand.class,
      OperatorsCommand.class,
      GalleryCommand.class,
      MeasureCommand.class,
      Describe.class,
      DevicesCommand.class,
      CheckCommand.class,
      Train.class,
      Data.class,
      AttackCommand.class,
      SanityCommand.class,
      ManipulateCommand.class,
      RoarCommand.class,
      StudyCommand.class,
      ReportCommand.class,
      ExportCommand.class,
      Rehearsal.class
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  candela explain photo.jpg --model squeezenet1.1.onnx --preprocess caffe-bgr",
      "  candela describe resnet50.onnx --batch 16",
      "  candela explain --help"
    })
public final class Main {
  static final int OK = 0;
  static final int PARTIAL = 1;
  static final int WRONG = 2;

  /** Characters of a line of help. */
  static final int WIDTH = 100;

  /** Characters of a message; the longest, of an unknown method, lists all known ones. */
  private static final int LONGEST = 1800;

  private Main() {}

  public static void main(String[] arguments) {
    // digits and points as everywhere, whatever the system's language
    Locale.setDefault(Locale.ROOT);
    Interruption.watch(arguments.length == 0 ? "" : arguments[0]);
    int code = run(arguments);
    Interruption.ended();
    String lost = lost();
    if (lost != null) {
      System.err.println("candela: standard output: cannot be written: " + lost);
      code = WRONG;
    }
    System.exit(code);
  }

  /**
   * Why not all of standard output could be written, null where it was, or where whoever reads it
   * has had enough.
   */
  private static String lost() {
    if (!System.out.checkError() || isPipe()) {
      return null;
    }
    try (var out = new FileOutputStream(FileDescriptor.out)) {
      out.write('\n'); // says what a PrintStream keeps to itself
      return "an error that has passed";
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  /** Nothing fails there but for want of a reader, which is told in the system's language. */
  private static boolean isPipe() {
    try {
      String to = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
      return to.startsWith("pipe:") || to.startsWith("socket:");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** Runs without leaving the JVM. */
  static int run(String... arguments) {
    try {
      return executed(arguments);
    } catch (Error e) {
      System.err.println("candela: " + sentence(e));
      if (debug(arguments)) {
        e.printStackTrace();
      }
      return WRONG;
    }
  }

  private static int executed(String... arguments) {
    if (arguments.length > 0 && arguments[0].equals("help")) {
      boolean named =
          arguments.length > 1 && !List.of("help", "--help", "-h").contains(arguments[1]);
      return named ? executed(arguments[1], "--help") : executed("--help");
    }
    CommandLine line = new CommandLine(new Main());
    line.setUsageHelpWidth(WIDTH);
    line.registerConverter(Path.class, Main::path);
    numbers(line);
    line.registerConverter(Explain.Colours.class, choice(Explain.Colours.values()));
    line.registerConverter(ExportCommand.Format.class, choice(ExportCommand.Format.values()));
    line.getSubcommands().values().forEach(Main::debuggable);
    line.setParameterExceptionHandler(Main::wrongUsage);
    line.setExecutionExceptionHandler(Main::failed);
    if (List.of(arguments).contains("--help") || List.of(arguments).contains("-h")) {
      var help = line.getSubcommands().get("explain").getCommandSpec().usageMessage();
      help.footerHeading(String.join("", Explain.methodsHelp()));
    }
    if (arguments.length == 0) {
      line.usage(line.getErr());
      return WRONG;
    }
    String first = arguments[0];
    boolean known = first.startsWith("-") || line.getSubcommands().containsKey(first);
    // no help, or version, of a command that is not there
    return known ? line.execute(arguments) : line.execute(first);
  }

  /** As an unset variable of a shell gives it, "" would be the folder one is in. */
  private static Path path(String text) {
    if (text.isBlank()) {
      throw new TypeConversionException("a file or folder expected, the name is empty");
    }
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new TypeConversionException(sentence(e));
    }
  }

  private static void numbers(CommandLine line) {
    ITypeConverter<Integer> whole =
        text -> Math.toIntExact(whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
    line.registerConverter(int.class, whole);
    line.registerConverter(Integer.class, whole);
    line.registerConverter(long.class, text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE));
    line.registerConverter(double.class, Main::number);
    line.registerConverter(Double.class, Main::number);
    line.registerConverter(Float.class, text -> (float) number(text));
  }

  private static long whole(String text, long least, long most) {
    String fault = Whole.fault(text, least, most);
    if (fault != null) {
      throw new TypeConversionException(fault + " expected, got '" + text + "'");
    }
    return Long.parseLong(text);
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException _) {
      throw new TypeConversionException("a number expected, got '" + text + "'");
    }
  }

  private static <E extends Enum<E>> ITypeConverter<E> choice(E[] all) {
    return text -> {
      try {
        return Words.choice(text, all);
      } catch (CandelaException e) {
        throw new TypeConversionException(e.getMessage());
      }
    };
  }

  private static int wrongUsage(ParameterException e, String[] arguments) {
    CommandLine line = e.getCommandLine();
    String name = line.getCommandSpec().qualifiedName();
    String what =
        e.getMessage().replaceFirst("^Invalid value for option '(-[^']+)'[^:]*: ", "$1: ");
    line.getErr().println(name + ": " + oneLine(what) + "; see " + name + " --help");
    return WRONG;
  }

  private static int failed(Exception e, CommandLine line, ParseResult parsed) {
    PrintWriter err = line.getErr();
    if (!Interruption.asked() || Interruption.lost()) { // else it comes of that
      err.println("candela: " + sentence(e));
    }
    if (debug(parsed.originalArgs().toArray(String[]::new))) {
      e.printStackTrace(err);
    }
    return WRONG;
  }

  /** Every command takes --debug: any may tell of an error inside. */
  private static void debuggable(CommandLine command) {
    command
        .getCommandSpec()
        .addOption(
            OptionSpec.builder("-X", "--debug")
                .arity("0")
                .type(boolean.class)
                .description("Show where an error arose.")
                .build());
  }

  private static boolean debug(String... arguments) {
    return Arrays.stream(arguments).anyMatch(List.of("-X", "--debug")::contains);
  }

  /** What a user is told of an exception. */
  static String sentence(Throwable e) {
    if (e instanceof CandelaException) {
      return oneLine(e.getMessage());
    }
    if (e instanceof UncheckedIOException u) {
      return sentence(u.getCause());
    }
    if (e instanceof FileSystemException f) {
      return oneLine(f.getFile() + ": cannot be read or written: " + WholeFile.reason(f));
    }
    if (e instanceof InvalidPathException p) {
      String name = oneLine(p.getInput());
      return name + ": no name of a file; letters beyond ASCII need a locale, as LC_ALL=C.UTF-8";
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof OutOfMemoryError o) {
        return CandelaException.of(o).getMessage();
      }
    }
    return "an error inside candela (" + oneLine(e.toString()) + "); --debug shows where";
  }

  /** Names come from files: no line breaks, nothing that a terminal obeys, no end of text. */
  static String oneLine(String text) {
    String plain =
        String.valueOf(text).replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?");
    return plain.length() <= LONGEST
        ? plain
        : plain.substring(0, LONGEST / 2) + " … " + plain.substring(plain.length() - LONGEST / 2);
  }
}
