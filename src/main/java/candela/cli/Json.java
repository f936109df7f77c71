package candela.cli;

import candela.image.WholeFile;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * Maps, lists, numbers and texts as JSON; the streaming half of Jackson, as the other loads slowly.
 */
final class Json {
  private Json() {}

  static void write(Path file, Map<String, ?> values) {
    ObjectWriteContext pretty =
        new ObjectWriteContext.Base() {
          @Override
          public PrettyPrinter getPrettyPrinter() {
            return new DefaultPrettyPrinter();
          }
        };
    WholeFile.write(
        file,
        part -> {
          try (JsonGenerator json =
              new JsonFactory().createGenerator(pretty, part.toFile(), JsonEncoding.UTF8)) {
            value(json, values);
          } catch (JacksonIOException e) {
            throw e.getCause();
          }
        });
  }

  private static void value(JsonGenerator json, Object value) {
    switch (value) {
      case null -> json.writeNull();
      case Map<?, ?> map -> {
        json.writeStartObject();
        map.forEach(
            (k, v) -> {
              json.writeName(k.toString());
              value(json, v);
            });
        json.writeEndObject();
      }
      case Iterable<?> list when !(value instanceof Path) -> {
        json.writeStartArray();
        list.forEach(v -> value(json, v));
        json.writeEndArray();
      }
      case Shape shape -> value(json, Arrays.stream(shape.dims()).boxed().toList());
      case Enum<?> e -> json.writeString(e.name().toLowerCase(Locale.ROOT).replace('_', '-'));
      case Boolean b -> json.writeBoolean(b);
      case Integer i -> json.writeNumber(i);
      case Long l -> json.writeNumber(l);
      case Float f -> json.writeNumber(f);
      case Double d -> json.writeNumber(d);
      default -> json.writeString(value.toString());
    }
  }
}
