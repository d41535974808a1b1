package io.github.fedhds.examples.cli;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.clustering.Clusterer;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;

/** One federation from its first adapter to its last, with one selection strategy. */
public record TunedRun(Adapter adapter, List<RoundReport> rounds, Optional<BestRound> best) {
    TunedRun(Adapter adapter, List<RoundReport> rounds) {
        this(adapter, rounds, Optional.empty());
    }

    /** Number of training instructions over all rounds. */
    public long samples() {
        return rounds.stream().mapToLong(r -> r.result().samples()).sum();
    }

    /** Seconds of a step, summed over rounds and clients. */
    public double seconds(ToDouble step) {
        return rounds.stream().mapToDouble(r -> step.of(r.seconds())).sum();
    }

    /** Selects one value of a report. */
    @FunctionalInterface
    public interface ToDouble {
        double of(RoundReport.Seconds seconds);
    }

    /**
     * Common settings of all runs of a comparison.
     *
     * @param more additional settings of each federation
     */
    public record Setting(
            FedHds fedHds,
            Map<ClientId, List<Instruction>> clients,
            int rounds,
            double fraction,
            long seed,
            int parallelClients,
            UnaryOperator<Federation.Builder> more) {
        public Setting(
                FedHds fedHds,
                Map<ClientId, List<Instruction>> clients,
                int rounds,
                double fraction,
                long seed,
                int parallelClients) {
            this(fedHds, clients, rounds, fraction, seed, parallelClients, UnaryOperator.identity());
        }

        /** The same with other training settings. */
        public Setting with(FedHds other) {
            return new Setting(other, clients, rounds, fraction, seed, parallelClients, more);
        }

        /** The same with other additional settings of each federation. */
        public Setting with(UnaryOperator<Federation.Builder> other) {
            return new Setting(fedHds, clients, rounds, fraction, seed, parallelClients, other);
        }

        /** The paper's selection, with a number of samples per selected group (1 in the paper). */
        public TunedRun fedHds(int samplesPerGroup, RoundListener listener) {
            return fedHds(Hdbscan.builder().build(), samplesPerGroup, listener);
        }

        /** The same with another clustering on the clients. */
        public TunedRun fedHds(Clusterer clustering, int samplesPerGroup, RoundListener listener) {
            return chosenBy(
                    Selection.paper()
                            .withClient(HdbscanSelector.builder()
                                    .clustering(clustering)
                                    .samplesPerGroup(samplesPerGroup)
                                    .build()),
                    listener);
        }

        /** The recommended selection, which needs features that training does not change. */
        public TunedRun recommended(double share, RoundListener listener) {
            return chosenBy(Selection.recommended(share), listener);
        }

        /** All instructions of a round's clients. */
        public TunedRun full(RoundListener listener) {
            return chosenBy(Selection.everything(), listener);
        }

        /** A number of instructions per client, at random. */
        public TunedRun random(ToIntFunction<RoundContext> count, RoundListener listener) {
            return chosenBy(Selection.everything().withClient(RandomSelector.count(count)), listener);
        }

        /** Any selection strategy. */
        public TunedRun chosenBy(Selection strategy, RoundListener listener) {
            Federation federation = more.apply(Federation.builder(fedHds)
                            .clients(clients)
                            .activeShare(fraction)
                            .rounds(rounds)
                            .seed(seed)
                            .parallelClients(parallelClients)
                            .listener(listener)
                            .clientSettings(client -> client.selector(strategy.client()))
                            .serverSettings(server -> server.selector(strategy.server())
                                    .frame(strategy.frame())
                                    .rememberChosen(strategy.remembersChosen())))
                    .build();
            List<RoundReport> reports = federation.run();
            return new TunedRun(federation.adapter(), reports, federation.best());
        }

        /** Number of instructions of the round's clients, summed over the rounds of a run. */
        public long held(TunedRun run) {
            return run.rounds().stream()
                    .flatMap(r -> r.clients().stream())
                    .mapToLong(c -> instructions(c).size())
                    .sum();
        }

        /**
         * Number of instructions per client and round, if as many as in another run's round are drawn at random from
         * all instructions of the round's clients.
         */
        public ToIntFunction<RoundContext> asManyAs(TunedRun run) {
            return dealt(run, report -> report.result().samples());
        }

        /** The same for any number, for rounds with the same clients as the run's. */
        public ToIntFunction<RoundContext> dealt(TunedRun run, ToLongFunction<RoundReport> samples) {
            Map<Integer, Map<ClientId, Integer>> counts = new HashMap<>();
            for (RoundReport report : run.rounds()) {
                List<ClientId> owners = new ArrayList<>();
                for (ClientId client : report.clients()) {
                    instructions(client).forEach(instruction -> owners.add(client));
                }
                SplittableRandom random =
                        new SplittableRandom(31 * seed + report.result().round());
                Map<ClientId, Integer> round = new HashMap<>();
                for (long left = Math.min(samples.applyAsLong(report), owners.size()); left > 0; left--) {
                    ClientId drawn = owners.remove(random.nextInt(owners.size()));
                    round.merge(drawn, 1, Integer::sum);
                }
                counts.put(report.result().round(), round);
            }
            return context -> counts.getOrDefault(context.round(), Map.of())
                    .getOrDefault(context.client().orElseThrow(), 0);
        }

        private List<Instruction> instructions(ClientId client) {
            return clients.getOrDefault(client, List.of());
        }
    }
}
