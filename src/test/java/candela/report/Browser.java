package candela.report;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A headless Chromium that shows a page, told what to do by the DevTools protocol. Owns the process
 * and its socket. For one thread.
 */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final WebSocket socket;
  private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

  /** What the page complained of: errors on the console, exceptions, resources not loaded. */
  final List<String> complaints = new ArrayList<>();

  private int last;

  private Browser(Process process, URI page) {
    this.process = process;
    var listener =
        new WebSocket.Listener() {
          private final StringBuilder text = new StringBuilder();

          @Override
          public CompletionStage<?> onText(WebSocket s, CharSequence part, boolean end) {
            text.append(part);
            if (end) {
              messages.add(text.toString());
              text.setLength(0);
            }
            s.request(1);
            return null;
          }
        };
    socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(page, listener).join();
  }

  /** Skips the test where there is no Chromium. */
  static Browser open(Path page, Path profile) throws Exception {
    Path chromium =
        Stream.of("chromium", "chromium-browser", "google-chrome")
            .flatMap(n -> Arrays.stream(System.getenv("PATH").split(":")).map(d -> Path.of(d, n)))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    assumeTrue(chromium != null, "skipped: no chromium on the PATH");
    Process process =
        new ProcessBuilder(
                chromium.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--remote-debugging-port=0",
                "--window-size=1200,900",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    URI server = null;
    var err =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    for (String line = err.readLine(); server == null && line != null; line = err.readLine()) {
      if (line.startsWith("DevTools listening on ")) {
        server = URI.create(line.substring(line.indexOf("ws://")));
        break;
      }
    }
    if (server == null) {
      throw new IOException("chromium ended without a word");
    }
    Thread.ofVirtual().start(() -> err.lines().forEach(l -> {}));
    String list =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.getPort() + "/json/list"))
                    .build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    String tab = null;
    for (JsonNode n : JSON.readTree(list)) {
      tab =
          n.get("type").asString().equals("page") ? n.get("webSocketDebuggerUrl").asString() : tab;
    }
    Browser browser = new Browser(process, URI.create(tab));
    browser.send("Runtime.enable", Map.of());
    browser.send("Log.enable", Map.of());
    browser.send("Page.enable", Map.of());
    browser.send("Page.navigate", Map.of("url", page.toUri().toString()));
    browser.await("Page.loadEventFired");
    return browser;
  }

  private void await(String event) throws Exception {
    for (JsonNode m = next(); !event.equals(m.path("method").asString("")); m = next()) {
      note(m);
    }
  }

  private JsonNode next() throws Exception {
    String text = messages.poll(30, TimeUnit.SECONDS);
    if (text == null) {
      throw new IOException("chromium is silent");
    }
    return JSON.readTree(text);
  }

  private void note(JsonNode m) {
    String method = m.path("method").asString("");
    JsonNode p = m.path("params");
    boolean error =
        method.equals("Runtime.exceptionThrown")
            || method.equals("Runtime.consoleAPICalled") && p.get("type").asString().equals("error")
            || method.equals("Log.entryAdded")
                && p.get("entry").get("level").asString().equals("error");
    if (error) {
      complaints.add(p.toString());
    }
  }

  private JsonNode send(String method, Map<String, ?> parameters) throws Exception {
    int id = ++last;
    String text = JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters));
    socket.sendText(text, true).join();
    for (JsonNode m = next(); ; m = next()) {
      if (m.path("id").asInt(-1) == id) {
        return m.path("result");
      }
      note(m);
    }
  }

  /** The value of an expression in the page, as text. */
  String evaluate(String expression) throws Exception {
    JsonNode r =
        send(
            "Runtime.evaluate",
            Map.of("expression", "String(" + expression + ")", "returnByValue", true));
    if (r.has("exceptionDetails")) {
      throw new IOException(r.get("exceptionDetails").toString());
    }
    return r.get("result").get("value").asString();
  }

  /** A key pressed and released, where the focus is. */
  void press(String key, int code) throws Exception {
    // buttons wait for the text of Enter
    String text = key.equals("Enter") ? "\r" : "";
    for (String type : List.of("keyDown", "keyUp")) {
      send(
          "Input.dispatchKeyEvent",
          Map.of(
              "type",
              type,
              "key",
              key,
              "code",
              key,
              "windowsVirtualKeyCode",
              code,
              "text",
              type.equals("keyUp") ? "" : text));
    }
  }

  /** The page in dark or light, on screen or on paper. */
  void show(String scheme, String media) throws Exception {
    var feature = Map.of("name", "prefers-color-scheme", "value", scheme);
    send("Emulation.setEmulatedMedia", Map.of("media", media, "features", List.of(feature)));
  }

  /** The page as a PDF, as a printer gets it. */
  byte[] print() throws Exception {
    JsonNode r = send("Page.printToPDF", Map.of("printBackground", true));
    return Base64.getDecoder().decode(r.get("data").asString());
  }

  @Override
  public void close() {
    socket.abort();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
