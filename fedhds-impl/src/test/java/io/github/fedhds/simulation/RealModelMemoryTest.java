package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Resident memory of a real run: 24 clients, two at a time, extract features and train on all their instructions of up to
 * 320 tokens, with the packed base and gradient checkpointing. Set {@code -Dfedhds.realModel=FILE.gguf}. Four rounds;
 * {@code -Dfedhds.memory.rounds=20} runs 20.
 */
@Tag("real-model")
class RealModelMemoryTest {
    private static final int CLIENTS = 24;
    private static final int ROUNDS = Integer.getInteger("fedhds.memory.rounds", 4);
    private static final long MOST_BYTES = 1_500_000_000L;
    private static final Pattern FIGURES = Pattern.compile("round (\\d+): peak (\\d+) bytes");

    @Test
    void run_24Clients_staysBelowItsBoundAndDoesNotGrow() throws IOException, InterruptedException {
        String model = System.getProperty("fedhds.realModel", "");
        Assumptions.assumeTrue(
                !model.isEmpty() && Files.isRegularFile(Path.of(model)),
                "no file \"" + model + "\"; set -Dfedhds.realModel to SmolLM2-135M-Instruct.Q4_1.gguf");
        Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "only Linux tells the peak memory");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-Dfedhds.memory.rounds=" + ROUNDS,
                        "-cp",
                        System.getProperty("java.class.path"),
                        RealModelMemoryTest.class.getName(),
                        model)
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        List<Long> peaks = new ArrayList<>();
        Matcher figures = FIGURES.matcher(said);
        while (figures.find()) {
            peaks.add(Long.parseLong(figures.group(2)));
        }
        assertEquals(ROUNDS, peaks.size(), said);
        System.out.println("peak of resident memory after each round, bytes: " + peaks);
        long last = peaks.get(ROUNDS - 1);
        assertTrue(last < MOST_BYTES, () -> "peaks " + peaks);
        assertTrue(last < 1.1 * peaks.get(1), () -> "peaks " + peaks);
    }

    /** The process: a GGUF file in, the peak after each round out. */
    public static void main(String[] arguments) {
        ModelOptions options = ModelOptions.defaults().onDevice("cpu").withPacked(true);
        try (LanguageModel model = LanguageModel.load(Path.of(arguments[0]), options)) {
            FedHds fedHds = FedHds.on(model)
                    .template(PromptTemplate.alpaca())
                    .maxTokens(320)
                    .fusion(TinyFederation::firstTwo)
                    .build();
            Federation.Builder builder = Federation.builder(fedHds)
                    .rounds(ROUNDS)
                    .parallelClients(2)
                    .clientSettings(client -> client.selector((candidates, round) -> {
                        candidates.points(); // so that features are extracted
                        return new EverySelector().select(candidates, round);
                    }))
                    .serverSettings(server -> server.selector(new EverySelector()))
                    .listener(new RoundListener() {
                        @Override
                        public void closed(RoundReport report) {
                            System.out.printf("round %d: peak %d bytes%n", report.round(), peak());
                        }
                    });
            for (int client = 0; client < CLIENTS; client++) {
                int number = client;
                builder.client(new ClientId("client " + client), () -> instructions(number));
            }
            builder.build().run();
        }
    }

    /** One or two texts of 40 to 400 words; the longest are cut. */
    private static List<Instruction> instructions(int client) {
        SplittableRandom random = new SplittableRandom(client);
        List<Instruction> instructions = new ArrayList<>();
        for (int i = 0; i < 1 + client % 2; i++) {
            StringBuilder text = new StringBuilder();
            for (int words = random.nextInt(40, 400); words > 0; words--) {
                text.append(random.nextInt(100)).append(" apples, ");
            }
            instructions.add(new Instruction("Count the apples.", text.toString(), "There are many apples."));
        }
        return instructions;
    }

    private static long peak() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
