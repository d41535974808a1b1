package io.github.fedhds.examples.cli;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.privacy.NoiseSource;
import io.github.fedhds.privacy.PrivacyBudget;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The first round of a run as it is, except for the model's work: features are made of those of one sample, in groups
 * of a given size, and the adapters come back as they were. So the messages, their sizes and the time of
 * the selection are those of a run, as far as they do not depend on what the features are.
 *
 * @param traffic messages and bytes of the round by kind
 * @param clients clients of the round
 * @param held instructions that they hold
 * @param trained instructions that they would train on
 * @param coldSeconds wall-clock seconds of the round in a new process
 * @param warmSeconds the same of a second round
 */
record RehearsedRound(
        Map<MessageKind, Traffic.Count> traffic,
        int clients,
        long held,
        List<Instruction> trained,
        double coldSeconds,
        double warmSeconds) {
    /** Size of the random change of a group, and of a sample in it, relative to the size of a row's numbers. */
    private static final double OF_GROUP = 1;

    private static final double OF_SAMPLE = 0.05;

    /** Number of instructions that the clients would train on. */
    long samples() {
        return trained.size();
    }

    /**
     * Runs the round.
     *
     * @param row features of a sample
     * @param samplesOfGroup samples for each group that a client finds
     * @param budget of the clients' noise, if there is some
     */
    static RehearsedRound of(
            FedHds fedHds,
            OwnSetup setup,
            RunOptions options,
            FeatureMatrix row,
            int samplesOfGroup,
            Optional<PrivacyBudget> budget) {
        Selection strategy = setup.selection();
        List<Instruction> trained = Collections.synchronizedList(new ArrayList<>());
        Map<ClientId, PrivacyLedger> ledgers = new HashMap<>();
        budget.ifPresent(b -> setup.data()
                .clients()
                .keySet()
                .forEach(client -> ledgers.put(client, PrivacyLedger.inMemory(b, NoiseSource.secret()))));
        Federation.Builder parts = Federation.builder(fedHds)
                .clients(setup.data().clients())
                .activeShare(setup.fraction())
                .rounds(1)
                .seed(options.seed)
                .parallelClients(options.parallel())
                .clientSettings(client -> client.selector(strategy.client())
                        .featureExtractor((instructions, round) -> features(row, instructions, samplesOfGroup, round))
                        .trainer((instructions, round) -> {
                            trained.addAll(instructions);
                            return new TrainingResult(
                                    round.globalAdapter(), instructions.size(), new double[instructions.size()]);
                        }))
                .serverSettings(server -> server.selector(strategy.server())
                        .frame(strategy.frame())
                        .rememberChosen(strategy.remembersChosen()));
        if (!ledgers.isEmpty()) {
            parts.ledgers(client -> Objects.requireNonNull(ledgers.get(client)));
        }
        Federation federation = parts.build();
        RoundReport first = federation.run().get(0);
        Map<MessageKind, Traffic.Count> traffic = new HashMap<>();
        for (MessageKind kind : MessageKind.values()) {
            traffic.put(kind, federation.traffic().of(kind));
        }
        List<Instruction> ofFirst = List.copyOf(trained);
        double warmSeconds = federation.run().get(0).seconds().wall();
        ledgers.values().forEach(PrivacyLedger::close);
        return new RehearsedRound(
                traffic,
                first.clients().size(),
                first.clients().stream()
                        .mapToLong(client -> setup.data()
                                .clients()
                                .getOrDefault(client, List.of())
                                .size())
                        .sum(),
                ofFirst,
                first.seconds().wall(),
                warmSeconds);
    }

    private static FeatureMatrix features(
            FeatureMatrix row, List<Instruction> instructions, int samplesOfGroup, RoundContext round) {
        SplittableRandom random = round.random("rehearsed features");
        float[] known = row.row(0);
        double squares = 0;
        for (float value : known) {
            squares += value * value;
        }
        double size = Math.sqrt(squares / known.length);
        int groups = Math.max(1, instructions.size() / samplesOfGroup);
        return FeatureMatrix.of(instructions.size(), row.blocks(), row.width(), i -> {
            SplittableRandom ofGroup = new SplittableRandom(i % groups); // the same groups on all clients
            float[] made = new float[known.length];
            for (int column = 0; column < made.length; column++) {
                made[column] = (float) (known[column]
                        + size * OF_GROUP * (2 * ofGroup.nextDouble() - 1)
                        + size * OF_SAMPLE * (2 * random.nextDouble() - 1));
            }
            return made;
        });
    }
}
