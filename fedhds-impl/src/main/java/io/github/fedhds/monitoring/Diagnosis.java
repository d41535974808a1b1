package io.github.fedhds.monitoring;

import io.github.fedhds.RoundSummary;
import io.github.fedhds.ServerListener;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the rounds of a server and tells what is wrong, each kind of {@link Finding} once in a run. A {@link
 * io.github.fedhds.simulation.Federation} has one of its own, see {@link RoundReport#findings}; the host of a server adds
 * one as a listener.
 *
 * <ul>
 *   <li>{@link Finding.Kind#SCORE_PLATEAU}, {@link Finding.Kind#LOSS_PLATEAU}: the mean of the last {@link Builder#window}
 *       evaluations, or losses of rounds, is less than {@link Builder#improvement} better than the mean of as many before,
 *       and as many rounds are left, if {@link Builder#plannedRounds} is set. The loss counts only if there are too few
 *       evaluations
 *   <li>{@link Finding.Kind#SCORE_FALLING}: each of the last two evaluations is more than {@link Builder#fall} below the
 *       best one
 *   <li>{@link Finding.Kind#SCATTERED_UPDATES}: the mean cosine between the updates of one of the first three rounds, of
 *       {@link Builder#minClients} or more clients, is below {@link Builder#cosine}. Later it is near zero in any run, once
 *       the clients have learnt what they have in common
 *   <li>{@link Finding.Kind#UNEQUAL_CORESETS}: one client has more than {@link Builder#samplesOfOne} of a round's samples, of
 *       {@link Builder#minClients} or more clients and four times as many samples
 *   <li>{@link Finding.Kind#CLIENTS_WITHOUT_GROUPS}: more than {@link Builder#withoutGroups} of a round's reports have no
 *       centroid
 *   <li>{@link Finding.Kind#SATURATED_BOUND}: more than {@link Builder#saturated} of the updates of a round, of {@link
 *       Builder#minClients} or more clients, are longer than 1.25 times {@link Builder#clipNorm}
 * </ul>
 *
 * <p>With secure aggregation the server sees no single update, so what is computed from updates is not; {@link
 * #notComputed} says so. Memory: one sum of at most 4 MiB in the first rounds; time O(parameters) for an update with
 * clipping, otherwise a few milliseconds in the first rounds. Everything is computed from what the server has anyway; no message changes. For one server at a
 * time, whose calls come one at a time.
 */
public final class Diagnosis implements ServerListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(Diagnosis.class);

    /** An update above this times the norm counts as saturated: it is shortened by a fifth or more. */
    private static final double CLIPPED = 1.25;

    /** Rounds in which updates should have a common direction. */
    private static final int FIRST_ROUNDS = 3;

    /** Samples of a client of the round on average; with fewer, chance makes the coresets unequal. */
    private static final long MEAN_SAMPLES = 4;

    private final Builder settings;
    private final Consumer<Finding> out;
    private final Set<Finding.Kind> told = EnumSet.noneOf(Finding.Kind.class);
    private final Trend losses;
    private final Trend scores;
    private double best = Double.NEGATIVE_INFINITY;
    private double previous = Double.POSITIVE_INFINITY;
    private boolean grouped; // a centroid of the round lies somewhere
    private boolean secret;

    // of the open round
    private Adapter global = Adapter.empty();
    private @Nullable UpdateSpread spread;
    private final Map<ClientId, Integer> samples = new LinkedHashMap<>();
    private final List<ClientId> withoutGroups = new ArrayList<>();
    private int reports;
    private int clipped;

    private Diagnosis(Builder builder) {
        settings = builder.copy();
        out = settings.out;
        losses = new Trend(settings.window);
        scores = new Trend(settings.window);
    }

    /** A diagnosis with the default thresholds, which logs each finding as a warning. */
    public static Diagnosis logged() {
        return builder().build();
    }

    /** Starts with the default thresholds. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Continues a run: what was found in its past rounds is not told again, and their losses and scores count.
     *
     * @param past the rounds that are over, in order
     */
    public void resumed(List<RoundReport> past) {
        past.forEach(report -> {
            report.findings().forEach(finding -> told.add(finding.kind()));
            losses.add(report.result().meanLoss());
            report.score().ifPresent(this::keep);
        });
    }

    private void keep(double score) {
        scores.add(score);
        best = Math.max(best, score);
        previous = score;
    }

    /**
     * The newest round's adapter was evaluated; call it after the round has ended.
     *
     * @param score finite; higher is better
     */
    public void scored(int round, double score) {
        if (!Double.isFinite(score)) {
            throw new IllegalArgumentException("score must be finite, was " + score);
        }
        double limit = best - settings.fall * Math.abs(best);
        if (best > 0 && score < limit && previous < limit) {
            tell(Finding.Kind.SCORE_FALLING, round, List.of(), 1 - Math.max(score, previous) / best, settings.fall);
        }
        keep(score);
        plateau(Finding.Kind.SCORE_PLATEAU, round, scores.change());
    }

    @Override
    public void opened(RoundOpening opening) {
        clear();
        global = opening.globalAdapter();
        boolean looked = opening.round() <= FIRST_ROUNDS && !told.contains(Finding.Kind.SCATTERED_UPDATES);
        spread = looked && !global.isEmpty() ? new UpdateSpread(global) : null;
    }

    private void clear() {
        global = Adapter.empty();
        spread = null;
        samples.clear();
        withoutGroups.clear();
        grouped = false;
        reports = 0;
        clipped = 0;
    }

    @Override
    public void answered(Message message, Receipt receipt) {
        secret |= message instanceof SumPart;
    }

    @Override
    public void received(CentroidReport report, Receipt receipt) {
        if (receipt.status() == Receipt.Status.ACCEPTED) {
            reports++;
            if (report.centroids().isEmpty()) {
                withoutGroups.add(report.client());
            }
            grouped = grouped
                    || report.centroids().stream()
                            .anyMatch(
                                    centroid -> Arrays.stream(centroid.point()).anyMatch(value -> value != 0));
        }
    }

    @Override
    public void received(AdapterUpdate update, Receipt receipt) {
        if (receipt.status() != Receipt.Status.ACCEPTED) {
            return;
        }
        samples.put(update.client(), update.samples());
        if (spread != null) {
            spread.add(update.adapter());
        }
        if (settings.clipNorm > 0 && !told.contains(Finding.Kind.SATURATED_BOUND)) {
            double length = Math.sqrt(global.squaredDistance(update.adapter()));
            clipped += length > CLIPPED * settings.clipNorm ? 1 : 0;
        }
    }

    @Override
    public void ended(RoundSummary summary) {
        int round = summary.round();
        if (summary.voidReason().isEmpty()) {
            summary.result().ifPresent(result -> losses.add(result.meanLoss()));
        }
        if (scores.change().isEmpty()) {
            OptionalDouble rise = losses.change();
            plateau(
                    Finding.Kind.LOSS_PLATEAU,
                    round,
                    rise.isPresent() ? OptionalDouble.of(0 - rise.getAsDouble()) : rise);
        }
        groups(round);
        updates(round);
        clear();
    }

    private void plateau(Finding.Kind kind, int round, OptionalDouble improved) {
        boolean early = settings.plannedRounds == 0 || round + settings.window <= settings.plannedRounds;
        if (early && improved.isPresent() && improved.getAsDouble() < settings.improvement) {
            tell(kind, round, List.of(), improved.getAsDouble(), settings.improvement);
        }
    }

    private void groups(int round) {
        double share = withoutGroups.size() / (double) Math.max(1, reports);
        boolean searched = grouped || withoutGroups.size() == reports; // random choice has no groups to find
        if (searched && share > settings.withoutGroups) {
            tell(Finding.Kind.CLIENTS_WITHOUT_GROUPS, round, withoutGroups, share, settings.withoutGroups);
        }
    }

    private void updates(int round) {
        if (spread != null) {
            OptionalDouble cosine = spread.meanCosine(settings.minClients);
            if (cosine.isPresent() && cosine.getAsDouble() < settings.cosine) {
                tell(Finding.Kind.SCATTERED_UPDATES, round, List.of(), cosine.getAsDouble(), settings.cosine);
            }
        }
        int clients = samples.size();
        if (clients < settings.minClients) {
            return;
        }
        long all = samples.values().stream().mapToLong(Integer::longValue).sum();
        Map.Entry<ClientId, Integer> most =
                samples.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
        double share = most.getValue() / (double) all;
        if (all >= MEAN_SAMPLES * clients && share > settings.samplesOfOne) {
            tell(Finding.Kind.UNEQUAL_CORESETS, round, List.of(most.getKey()), share, settings.samplesOfOne);
        }
        double tooLong = clipped / (double) clients;
        if (tooLong > settings.saturated) {
            tell(Finding.Kind.SATURATED_BOUND, round, List.of(), tooLong, settings.saturated);
        }
    }

    private void tell(Finding.Kind kind, int round, List<ClientId> clients, double value, double threshold) {
        if (told.add(kind)) {
            out.accept(new Finding(kind, round, clients, value, threshold));
        }
    }

    /** What this run cannot be told about, and why; empty if everything is computed. */
    public Optional<String> notComputed() {
        return secret
                ? Optional.of("with secure aggregation the server sees no single update, so scattered updates, unequal"
                        + " coresets and saturated bounds are not looked for")
                : Optional.empty();
    }

    /** Thresholds of a diagnosis. Not safe for many threads. */
    public static final class Builder {
        private int window = 5;
        private double improvement = 0.01;
        private int plannedRounds;
        private double fall = 0.1;
        private double cosine = 0.01;
        private int minClients = 4;
        private double samplesOfOne = 0.5;
        private double withoutGroups = 0.2;
        private double saturated = 0.8;
        private double clipNorm;
        private Consumer<Finding> out = finding -> LOGGER.warn("{}", finding.describe());

        private Builder() {}

        private Builder copy() {
            Builder copy = new Builder();
            copy.window = window;
            copy.improvement = improvement;
            copy.plannedRounds = plannedRounds;
            copy.fall = fall;
            copy.cosine = cosine;
            copy.minClients = minClients;
            copy.samplesOfOne = samplesOfOne;
            copy.withoutGroups = withoutGroups;
            copy.saturated = saturated;
            copy.clipNorm = clipNorm;
            copy.out = out;
            return copy;
        }

        /** Number of rounds or evaluations that are compared with as many before, 1 or more; 5 by default. */
        public Builder window(int window) {
            this.window = atLeastOne("window", window);
            return this;
        }

        /** Least improvement of the mean over a window, as a share of it, 0 to 1; 0.01 by default. */
        public Builder improvement(double improvement) {
            this.improvement = share("improvement", improvement);
            return this;
        }

        /** Number of rounds of the run; 0, the default, if it is not known. */
        public Builder plannedRounds(int plannedRounds) {
            if (plannedRounds < 0) {
                throw new IllegalArgumentException("plannedRounds must be 0 or more, was " + plannedRounds);
            }
            this.plannedRounds = plannedRounds;
            return this;
        }

        /** Greatest fall of the score below its best, as a share of it, 0 to 1; 0.1 by default. */
        public Builder fall(double fall) {
            this.fall = share("fall", fall);
            return this;
        }

        /** Least mean cosine between the updates of an early round, -1 to 1; 0.01 by default. */
        public Builder cosine(double cosine) {
            if (!(cosine >= -1 && cosine <= 1)) {
                throw new IllegalArgumentException("cosine must be -1 to 1, was " + cosine);
            }
            this.cosine = cosine;
            return this;
        }

        /** Clients with an update that a round must have for findings about updates, 1 or more; 4 by default. */
        public Builder minClients(int minClients) {
            this.minClients = atLeastOne("minClients", minClients);
            return this;
        }

        /** Greatest share of a round's samples that one client has, 0 to 1; 0.5 by default. */
        public Builder samplesOfOne(double samplesOfOne) {
            this.samplesOfOne = share("samplesOfOne", samplesOfOne);
            return this;
        }

        /** Greatest share of a round's reports without a centroid, 0 to 1; 0.2 by default. */
        public Builder withoutGroups(double withoutGroups) {
            this.withoutGroups = share("withoutGroups", withoutGroups);
            return this;
        }

        /** Greatest share of a round's updates that clipping shortens by a fifth or more, 0 to 1; 0.8 by default. */
        public Builder saturated(double saturated) {
            this.saturated = share("saturated", saturated);
            return this;
        }

        /**
         * Norm that the server clips each update's change to, as {@code NormClipping} and {@code CentralNoise} do; 0, the
         * default, if it does not.
         */
        public Builder clipNorm(double clipNorm) {
            if (!(clipNorm >= 0 && clipNorm < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("clipNorm must be 0 or more and finite, was " + clipNorm);
            }
            this.clipNorm = clipNorm;
            return this;
        }

        /** Receives each finding when its round ends; by default, it is logged as a warning. */
        public Builder receiver(Consumer<Finding> receiver) {
            this.out = Objects.requireNonNull(receiver, "receiver");
            return this;
        }

        public Diagnosis build() {
            return new Diagnosis(this);
        }

        private static int atLeastOne(String name, int value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be 1 or more, was " + value);
            }
            return value;
        }

        private static double share(String name, double value) {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException(name + " must be 0 to 1, was " + value);
            }
            return value;
        }
    }
}
