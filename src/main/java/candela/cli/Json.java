package candela.cli;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
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
            json.writeRaw("\n");
          } catch (JacksonIOException e) {
            throw e.getCause();
          }
        });
  }

  /**
   * What a file says: maps in its order, lists, texts, Long, Double, Boolean, null.
   *
   * @throws CandelaException when it is no JSON, or no map
   */
  static Map<String, Object> read(Path file) {
    return parse(file, WholeFile.text(file));
  }

  /** The values as they will be when they have been written and read. */
  static Map<String, Object> plain(Map<String, ?> values) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
      value(json, values);
    }
    return parse("values", text.toString());
  }

  /** SHA-256 of the values as they will be when they have been written and read. */
  static String sha256(Map<String, ?> values) {
    return WholeFile.sha256(plain(values).toString().getBytes(StandardCharsets.UTF_8));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> parse(Object where, String text) {
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), text)) {
      if (json.nextToken() == JsonToken.START_OBJECT) {
        return (Map<String, Object>) value(json);
      }
    } catch (JacksonException e) {
      throw new CandelaException(where + ": JSON expected: " + e.getOriginalMessage(), e);
    }
    throw CandelaException.of("%s: a JSON object expected", where);
  }

  /** Of the token that the parser is at. */
  private static Object value(JsonParser json) {
    return switch (json.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
          String key = json.currentName();
          json.nextToken();
          map.put(key, value(json));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(json));
        }
        yield list;
      }
      case VALUE_NUMBER_INT -> json.getLongValue();
      case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> json.getString();
    };
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
