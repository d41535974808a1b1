package io.github.fedhds.examples.application;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A stand-in for vLLM: loads adapter folders by name, and answers a chat with the name of the adapter, its first value of
 * {@code lora_B}, and the user's text. Another model name is an error, as with vLLM.
 */
final class ChatServer implements AutoCloseable {
    private final HttpServer server;
    private final Map<String, Path> adapters = new ConcurrentHashMap<>();

    ChatServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/load_lora_adapter", exchange -> {
            JsonObject body = body(exchange);
            adapters.put(
                    body.get("lora_name").getAsString(),
                    Path.of(body.get("lora_path").getAsString()));
            reply(exchange, 200, "Success", "text/plain");
        });
        server.createContext("/v1/chat/completions", exchange -> {
            JsonObject body = body(exchange);
            String model = body.get("model").getAsString();
            Path folder = adapters.get(model);
            if (folder == null) {
                String message = "The model `" + model + "` does not exist.";
                reply(
                        exchange,
                        404,
                        new Gson().toJson(Map.of("error", Map.of("message", message))),
                        "application/json");
                return;
            }
            JsonObject turn = body.getAsJsonArray("messages").get(0).getAsJsonObject();
            String text = model + " " + value(folder) + " " + turn.get("role").getAsString() + ": "
                    + turn.get("content").getAsString();
            Map<String, Object> choice = Map.of(
                    "index", 0, "finish_reason", "stop", "message", Map.of("role", "assistant", "content", text));
            Map<String, Object> answer = Map.of(
                    "id", "1", "object", "chat.completion", "created", 1, "model", model, "choices", List.of(choice));
            reply(exchange, 200, new Gson().toJson(answer), "application/json");
        });
        server.start();
    }

    String url() {
        return "http://" + server.getAddress().getAddress().getHostAddress() + ":"
                + server.getAddress().getPort();
    }

    /** What {@code --lora-modules NAME=FOLDER} does when vLLM starts. */
    void load(String name, Path folder) {
        adapters.put(name, folder);
    }

    /** The first value of the folder's first {@code lora_B}. */
    static float value(Path folder) {
        return PeftFolder.read(folder).adapter().tensors().entrySet().stream()
                .filter(tensor -> tensor.getKey().contains("lora_B"))
                .findFirst()
                .orElseThrow()
                .getValue()
                .get(0);
    }

    private static JsonObject body(HttpExchange exchange) throws IOException {
        return JsonParser.parseString(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
                .getAsJsonObject();
    }

    private static void reply(HttpExchange exchange, int status, String text, String type) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
