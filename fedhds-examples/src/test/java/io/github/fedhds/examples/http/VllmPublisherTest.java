package io.github.fedhds.examples.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpServer;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a stand-in that answers as vLLM does. */
class VllmPublisherTest {
    private static final String MODULE = "model.layers.0.self_attn.q_proj";

    @TempDir
    private Path folder = Path.of("");

    private final Map<String, String> loaded = new LinkedHashMap<>();
    private HttpServer vllm;

    @BeforeEach
    void serve() throws IOException {
        vllm = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 10);
        vllm.createContext("/v1/", exchange -> {
            JsonObject body = JsonParser.parseString(
                            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
                    .getAsJsonObject();
            String name = body.get("lora_name").getAsString();
            String said = "Success";
            int status = 200;
            if (exchange.getRequestURI().getPath().equals("/v1/unload_lora_adapter")) {
                status = loaded.remove(name) == null ? 404 : 200;
            } else if (loaded.containsKey(name)) {
                said = "The lora adapter '" + name + "' has already been loaded.";
                status = 400;
            } else if (name.startsWith("full")) {
                said = "no room";
                status = 500;
            } else {
                loaded.put(name, body.get("lora_path").getAsString());
            }
            byte[] bytes = said.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        vllm.start();
    }

    @AfterEach
    void stop() {
        vllm.stop(0);
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + vllm.getAddress().getPort());
    }

    private static Adapter adapter(int rank) {
        return new Adapter(Map.of(
                MODULE + ".lora_A", Tensor.of(new int[] {rank, 4}, i -> i),
                MODULE + ".lora_B", Tensor.of(new int[] {4, rank}, i -> -i)));
    }

    private static LoraConfig lora(int rank) {
        return new LoraConfig(rank, rank, 0, List.of("q_proj"), false);
    }

    @Test
    void rounds_areLoadedUnderTheirNames_andTheLastTwoAreKept() throws InterruptedException {
        VllmPublisher publisher = new VllmPublisher(address(), "tuned", folder);
        for (int round = 1; round <= 4; round++) {
            assertEquals("tuned-" + round, publisher.publish(round, lora(8), adapter(8), ModelCard.named("m")));
        }
        assertEquals(List.of("tuned-3", "tuned-4"), List.copyOf(loaded.keySet()));
        Path last = Path.of(loaded.getOrDefault("tuned-4", ""));
        assertTrue(last.isAbsolute());
        assertEquals(adapter(8), PeftFolder.read(last).adapter());
        assertFalse(Files.exists(folder.resolve("tuned-2")));
        new VllmPublisher(address(), "tuned", folder).publish(4, lora(8), adapter(8), ModelCard.named("m"));
    }

    @Test
    void refusals_sayWhy() {
        VllmPublisher wide = new VllmPublisher(address(), "wide", folder);
        String rank = message(() -> wide.publish(1, lora(1024), adapter(1024), ModelCard.named("m")));
        assertTrue(rank.startsWith("vLLM does not load the adapter of round 1: "), rank);
        VllmPublisher full = new VllmPublisher(address(), "full", folder);
        String room = message(() -> full.publish(1, lora(8), adapter(8), ModelCard.named("m")));
        assertTrue(room.contains("does not load adapter full-1: 500 no room"), room);
        vllm.stop(0);
        String away = message(() -> full.publish(1, lora(8), adapter(8), ModelCard.named("m")));
        assertTrue(away.contains("does not answer"), away);
    }

    private static String message(org.junit.jupiter.api.function.Executable publish) {
        return String.valueOf(assertThrows(FedHdsException.class, publish).getMessage());
    }
}
