package io.github.fedhds.examples.http;

import com.google.gson.Gson;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.peft.AdapterServer;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads an adapter into a vLLM server that runs with {@code VLLM_ALLOW_RUNTIME_LORA_UPDATING=True} and {@code --enable-lora}. Each round has
 * a name of its own, such as {@code tuned-12}, so that requests that are under way end with the adapter that they began with; that of the
 * round before the last is unloaded. The folder must be one that the server can read, under the same path. For one thread.
 *
 * @see <a href="https://docs.vllm.ai/en/stable/features/lora.html">vLLM, dynamically serving LoRA adapters</a>
 */
public final class VllmPublisher {
    private static final Logger LOGGER = LoggerFactory.getLogger(VllmPublisher.class);
    private static final Gson GSON = new Gson();
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final int KEPT = 2;

    private final URI server;
    private final String name;
    private final Path folder;
    private final HttpClient http = HttpClient.newHttpClient();

    /**
     * A publisher that has published nothing yet.
     *
     * @param server such as {@code http://localhost:8000}
     * @param name beginning of the adapters' names
     * @param folder for one folder a round
     */
    public VllmPublisher(URI server, String name, Path folder) {
        this.server = server;
        this.name = name;
        this.folder = folder.toAbsolutePath();
    }

    /**
     * Writes the adapter of a round and loads it.
     *
     * @return its name in the server, which requests have as their {@code model}
     * @throws FedHdsException if vLLM cannot load such an adapter, or the server does not answer or refuses it; the message says why
     */
    public String publish(int round, LoraConfig lora, Adapter adapter, ModelCard card) throws InterruptedException {
        AdapterServer.VLLM.refusal(lora, adapter).ifPresent(reason -> {
            throw new FedHdsException("vLLM does not load the adapter of round " + round + ": " + reason);
        });
        String loaded = name + "-" + round;
        Path written = folder.resolve(loaded);
        PeftFolder.write(written, lora, adapter, card);
        HttpResponse<String> response =
                post("/v1/load_lora_adapter", Map.of("lora_name", loaded, "lora_path", written.toString()));
        boolean there = response.body().contains("has already been loaded"); // by a server that was killed after it
        if (response.statusCode() != Protocol.OK && !there) {
            throw new FedHdsException(server + " does not load adapter " + loaded + ": " + response.statusCode() + " "
                    + response.body().strip());
        }
        if (round > KEPT) {
            String old = name + "-" + (round - KEPT);
            post("/v1/unload_lora_adapter", Map.of("lora_name", old)); // one that is not there is no harm
            delete(folder.resolve(old));
        }
        return loaded;
    }

    private static void delete(Path old) {
        PeftFolder.delete(old);
        try {
            Files.deleteIfExists(old);
        } catch (IOException e) {
            LOGGER.warn("{} cannot be deleted: {}", old, e.getMessage());
        }
    }

    private HttpResponse<String> post(String path, Map<String, String> body) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.resolve(path))
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(GSON.toJson(body)))
                .build();
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new FedHdsException(
                    server + " does not answer (" + Objects.requireNonNullElse(e.getMessage(), "no connection")
                            + "); is vLLM running there?",
                    e);
        }
    }
}
