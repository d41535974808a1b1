package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.MemoryGrowth;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The paper's 738 clients in one process: the last round holds no more memory than round 5. Eight rounds;
 * {@code -Dfedhds.memory.rounds=40} runs the paper's 40.
 */
class FederationMemoryTest {
    private static final int CLIENTS = 738;
    private static final int FIRST = 5;
    private static final int ROUNDS = Integer.getInteger("fedhds.memory.rounds", 8);
    private static final Pattern FIGURES = Pattern.compile("round (\\d+): (\\d+) arrays, (\\d+) heap, (\\d+) resident");

    @TempDir
    private Path folder = Path.of("");

    /** The figures after round 5 and after the last. */
    private record Figures(MemoryGrowth early, MemoryGrowth late, String said) {
        double heap() {
            return percent(early.heap(), late.heap());
        }

        double resident() {
            return early.resident() == 0 ? 0 : percent(early.resident(), late.resident());
        }
    }

    private Figures figures(int rounds, boolean leaks) {
        String said = MemoryGrowth.say(
                FederationMemoryTest.class, folder.toString(), String.valueOf(rounds), String.valueOf(leaks));
        Matcher figures = FIGURES.matcher(said);
        assertTrue(figures.find(), said);
        MemoryGrowth early = growth(figures);
        assertTrue(figures.find(), said);
        assertEquals(String.valueOf(rounds), figures.group(1));
        return new Figures(early, growth(figures), said);
    }

    @Test
    void run_738Clients_holdsInItsLastRoundWhatItHeldInRound5() {
        TinyFederation.model(folder, 1, 16, 2, 128).close();
        Figures figures = figures(ROUNDS, false);
        MemoryGrowth early = figures.early();
        MemoryGrowth late = figures.late();
        System.out.printf(
                "%d clients, round %d against round %d: open arrays %d and %d, Java heap %+.2f %% of %d kB,"
                        + " native resident memory %+.2f %% of %d kB%n",
                CLIENTS,
                ROUNDS,
                FIRST,
                late.arrays(),
                early.arrays(),
                figures.heap(),
                early.heap() / 1000,
                figures.resident(),
                early.resident() / 1000);
        assertEquals(early.arrays(), late.arrays(), figures.said());
        assertTrue(figures.heap() < 3, figures.said());
        assertTrue(figures.resident() < 3, figures.said());

        Figures leaking = figures(FIRST + 3, true);
        assertTrue(leaking.heap() > 3, () -> "the clients' adapters, kept, are not seen: " + leaking.said());
    }

    private static MemoryGrowth growth(Matcher figures) {
        return new MemoryGrowth(
                Integer.parseInt(figures.group(2)), Long.parseLong(figures.group(3)), Long.parseLong(figures.group(4)));
    }

    private static double percent(long from, long to) {
        return 100.0 * (to - from) / Math.max(1, from);
    }

    /** The process: folder, rounds, and whether it keeps what it should not in; figures of the two rounds out. */
    public static void main(String[] arguments) {
        int rounds = Integer.parseInt(arguments[1]);
        boolean leaks = Boolean.parseBoolean(arguments[2]);
        List<Adapter> kept = new ArrayList<>();
        try (LanguageModel model = LanguageModel.load(
                Path.of(arguments[0]), ModelOptions.defaults().onDevice("cpu").withThreads(1))) {
            FedHds fedHds = FedHds.on(model)
                    .epochs(1)
                    .template(TinyFederation.SHORT)
                    .lora(LoraConfig.defaults().withRank(32)) // so that an adapter is much beside the heap
                    .fusion(TinyFederation::firstTwo)
                    .build();
            Federation.Builder builder = Federation.builder(fedHds)
                    .rounds(rounds)
                    .parallelClients(2)
                    .clientSettings(client -> client.selector((candidates, round) -> {
                        candidates.points(); // so that features are extracted
                        return new EverySelector().select(candidates, round);
                    }))
                    .serverSettings(server -> server.selector(new EverySelector()))
                    .listener(new RoundListener() {
                        @Override
                        public void received(AdapterUpdate update, Receipt receipt) {
                            if (leaks) {
                                kept.add(update.adapter());
                            }
                        }

                        @Override
                        public void closed(RoundReport report) {
                            if (report.round() == FIRST || report.round() == rounds) {
                                print(report.round(), model);
                            }
                        }
                    });
            for (int client = 0; client < CLIENTS; client++) {
                int number = client;
                builder.client(new ClientId("client " + client), () -> instructions(number));
            }
            builder.build().run();
        }
        System.out.printf("%d adapters kept%n", kept.size());
    }

    private static List<Instruction> instructions(int client) {
        SplittableRandom random = new SplittableRandom(client);
        List<Instruction> instructions = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = 0; k < 12; k++) {
                text.append((char) ('a' + random.nextInt(26)));
            }
            instructions.add(new Instruction(text.toString(), "", text.substring(0, 3)));
        }
        return instructions;
    }

    private static void print(int round, LanguageModel model) {
        try {
            MemoryGrowth now = MemoryGrowth.now(model);
            System.out.printf(
                    "round %d: %d arrays, %d heap, %d resident%n", round, now.arrays(), now.heap(), now.resident());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
