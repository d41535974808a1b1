package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.ExactLoraAveraging;
import io.github.fedhds.aggregators.LoraTruncation;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients of rank 4, 8 and 16 train one model with a server of rank 8. */
class MixedRankTest {
    private static final int ROUNDS = 4;
    private static final int[] RANKS = {4, 8, 16};

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    Path folder;

    private static FedHdsBuilder ofRank(LanguageModel model, int rank) {
        return FedHds.on(model)
                .template(TinyFederation.SHORT)
                .lora(LoraConfig.defaults().withRank(rank))
                .selection(Selection.everything())
                .learningRate(3e-3);
    }

    @Test
    void rounds_clientsOfThreeRanks_trainTogether() {
        List<LoraTruncation> losses = new ArrayList<>();
        ExactLoraAveraging rule =
                ExactLoraAveraging.alpha(16).truncation(losses::add).build();
        Map<ClientId, List<Instruction>> data = TinyFederation.clients(9, 9, 9);
        List<ClientId> ids = List.copyOf(data.keySet());
        try (LanguageModel model = TinyFederation.model(folder.resolve("model"), 1, 16, 2, 512)) {
            FedHds ofServer = ofRank(model, 8).build();
            FedHdsServer server = ofServer.server(ids, 1)
                    .sampler((clients, round) -> clients)
                    .aggregator(rule)
                    .compareOpenings(false) // each client's has an adapter of its rank
                    .build();
            List<FedHdsClient> clients = new ArrayList<>();
            for (int i = 0; i < ids.size(); i++) {
                clients.add(TinyFederation.light(ofRank(model, RANKS[i]).build().client(ids.get(i)))
                        .instructions(Objects.requireNonNull(data.get(ids.get(i))))
                        .agreedSettings(ofServer.agreedSettings()) // ranks may differ in this run
                        .build());
            }
            List<Double> meanLosses = new ArrayList<>();
            for (int number = 1; number <= ROUNDS; number++) {
                RoundOpening opening = server.open();
                for (int i = 0; i < clients.size(); i++) {
                    Adapter start = rule.atRank(opening.globalAdapter(), RANKS[i]);
                    RoundOpening own = new RoundOpening(
                            opening.runId(),
                            opening.round(),
                            opening.clients(),
                            opening.seed(),
                            start,
                            opening.settings(),
                            opening.agreedSettings(),
                            opening.frame());
                    assertTrue(server.accept(clients.get(i).summarise(own)).counts());
                }
                Map<ClientId, GroupSelection> chosen = server.select();
                for (FedHdsClient client : clients) {
                    GroupSelection selection = Objects.requireNonNull(chosen.get(client.id()));
                    assertTrue(
                            server.accept(client.train(selection).orElseThrow()).counts());
                }
                meanLosses.add(server.aggregate().meanLoss());
            }
            System.out.println("ranks 4, 8, 16: mean losses " + meanLosses + ", lost by truncation "
                    + losses.stream().map(LoraTruncation::all).toList());
            assertEquals(ROUNDS, losses.size());
            assertTrue(meanLosses.get(ROUNDS - 1) < meanLosses.get(0), "it learns: " + meanLosses);
            assertTrue(losses.stream().allMatch(loss -> loss.all() >= 0 && loss.all() < 1));
        }
    }
}
