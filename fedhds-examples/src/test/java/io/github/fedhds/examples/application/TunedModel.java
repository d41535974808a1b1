package io.github.fedhds.examples.application;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.peft.AdapterServer;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.http.MediaType;
import org.springframework.web.client.RestClient;

/** The tuned model behind vLLM's HTTP interface. Each adapter is a model of its own there, with its own name. */
class TunedModel {
    /** The part of a reply of {@code /v1/chat/completions} that is read here. */
    record Reply(List<Choice> choices) {
        record Choice(Message message) {}

        record Message(String content) {}
    }

    private final RestClient http;

    TunedModel(String url) {
        http = RestClient.create(url);
    }

    /** Writes the adapter to a folder that the server can read, and loads it there under the name. */
    void publish(String name, LoraConfig lora, Adapter adapter, Path folder, ModelCard card) {
        AdapterServer.VLLM.refusal(lora, adapter).ifPresent(reason -> {
            throw new IllegalArgumentException("vLLM does not load adapter " + name + ": " + reason);
        });
        PeftFolder.write(folder, lora, adapter, card);
        post("/v1/load_lora_adapter", Map.of("lora_name", name, "lora_path", folder.toString()), String.class);
    }

    /** Answers with the adapter of that name. */
    String answer(String name, String instruction) {
        List<Map<String, String>> messages = List.of(Map.of("role", "user", "content", instruction));
        Map<String, Object> question = Map.of("model", name, "messages", messages, "temperature", 0);
        return post("/v1/chat/completions", question, Reply.class)
                .choices()
                .get(0)
                .message()
                .content();
    }

    private <T> T post(String path, Map<String, ?> body, Class<T> type) {
        return Objects.requireNonNull(http.post()
                .uri(path)
                .contentType(MediaType.APPLICATION_JSON)
                .body(body)
                .retrieve()
                .body(type));
    }
}
