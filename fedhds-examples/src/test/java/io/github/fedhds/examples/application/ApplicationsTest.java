package io.github.fedhds.examples.application;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.exception.ModelNotFoundException;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.examples.cli.OnMainJob;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.client.HttpClientErrorException;

/** Both applications tune a model of random weights, and ask a stand-in for vLLM by the adapter's name. */
class ApplicationsTest {
    @TempDir
    private static Path folder = Path.of("");

    private static Map<ClientId, List<Instruction>> data = Map.of();

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(FedHdsAutoConfiguration.class)
    static class Application {
        @Bean
        MeterRegistry registry() {
            return new SimpleMeterRegistry();
        }
    }

    private static final String LOGGING = "org.springframework.boot.logging.LoggingSystem";

    /** Spring Boot's logging would replace the settings of java.util.logging for all tests of this JVM. */
    @BeforeAll
    static void leaveLoggingAlone() {
        System.setProperty(LOGGING, "none");
    }

    @AfterAll
    static void restoreLogging() {
        System.clearProperty(LOGGING);
    }

    @BeforeAll
    static void writeInputs() throws IOException {
        TinyModel.write(Files.createDirectories(folder.resolve("model")));
        OnMainJob.writeLines(folder.resolve("data.jsonl"), 4, 20);
        data = Partitions.byTask(Dataset.load(folder.resolve("data.jsonl"), 1).training());
    }

    @Test
    void springBoot_tunesCountsAndAsksByTheAdaptersName() throws IOException {
        Path base = folder.resolve("model");
        try (LanguageModel model = LanguageModel.load(base);
                ChatServer vllm = new ChatServer();
                ConfigurableApplicationContext application = new SpringApplicationBuilder(Application.class)
                        .web(WebApplicationType.NONE)
                        .run(
                                "--fedhds.model-folder=" + base,
                                "--fedhds.model-digest=" + model.digest(),
                                "--fedhds.tokenizer-digest=" + model.tokenizerDigest(),
                                "--fedhds.clients="
                                        + data.keySet().stream()
                                                .map(ClientId::value)
                                                .collect(Collectors.joining(",")),
                                "--fedhds.share=0.1",
                                "--fedhds.chat-url=" + vllm.url(),
                                "--spring.main.banner-mode=off")) {
            FedHdsServer server = application.getBean(FedHdsServer.class);
            FedHds onClients = FedHds.on(model).recommended(0.1).build();
            List<FedHdsClient> clients = data.entrySet().stream()
                    .map(entry -> onClients
                            .client(entry.getKey())
                            .instructions(entry.getValue())
                            .build())
                    .toList();
            server.open();
            exchange(server, clients);
            server.select();
            exchange(server, clients);
            RoundResult result = server.aggregate();

            MeterRegistry meters = application.getBean(MeterRegistry.class);
            assertEquals(
                    1,
                    meters.get("fedhds.round").tag("result", "trained").timer().count());
            assertEquals(
                    result.samples(), meters.get("fedhds.samples").counter().count());

            TunedModel tuned = application.getBean(TunedModel.class);
            FedHds fedHds = application.getBean(FedHds.class);
            Path written = folder.resolve("round-1");
            tuned.publish("tuned-1", fedHds.lora(), result.adapter(), written, ModelCard.of(base));
            assertNotEquals(0, ChatServer.value(written));
            assertEquals("tuned-1 " + ChatServer.value(written) + " user: Say hi.", tuned.answer("tuned-1", "Say hi."));
            assertThrows(HttpClientErrorException.NotFound.class, () -> tuned.answer("tuned-2", "Say hi."));
        }
    }

    /** The application's transport; here all clients are in this process. */
    private static void exchange(FedHdsServer server, List<FedHdsClient> clients) {
        clients.forEach(
                client -> server.messageFor(client.id()).flatMap(client::answer).ifPresent(server::accept));
    }

    @Test
    void langChain4j_tunesCountsAndAsksByTheAdaptersName() throws IOException {
        MeterRegistry meters = new SimpleMeterRegistry();
        Path written = folder.resolve("adapter");
        Assistant.tune(folder.resolve("model"), data, written, meters);
        assertEquals(
                2, meters.get("fedhds.round").tag("result", "trained").timer().count());
        assertTrue(meters.get("fedhds.loss").gauge().value() > 0);
        try (ChatServer vllm = new ChatServer()) {
            vllm.load("tuned", written);
            String answer = Assistant.of(vllm.url(), "tuned").answer("Say hi.");
            assertEquals("tuned " + ChatServer.value(written) + " user: Say hi.", answer);
            Assistant other = Assistant.of(vllm.url(), "other");
            assertThrows(ModelNotFoundException.class, () -> other.answer("Say hi."));
        }
    }
}
