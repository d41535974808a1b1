package io.github.fedhds.monitoring;

import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Something that a run should be looked at for, see {@link Diagnosis}.
 *
 * @param kind what was found
 * @param round number of the round in which it was found, from 1
 * @param clients clients concerned, in the round's order; empty if it concerns all
 * @param value what was measured; finite
 * @param threshold the limit that the value has passed; finite
 */
public record Finding(Kind kind, int round, List<ClientId> clients, double value, double threshold) {
    private static final int MAX_NAMES = 5;

    public Finding {
        Objects.requireNonNull(kind, "kind");
        clients = List.copyOf(clients);
        if (round < 1) {
            throw new IllegalArgumentException("round must be 1 or more, was " + round);
        }
        if (!Double.isFinite(value) || !Double.isFinite(threshold)) {
            throw new IllegalArgumentException(
                    "value and threshold must be finite, were " + value + " and " + threshold);
        }
    }

    /** What can be found, with its likely cause and the settings to try, by their Java names. */
    public enum Kind {
        /** The mean score of the last evaluations is hardly better than that of the evaluations before. */
        SCORE_PLATEAU(
                "the score has stopped rising: the mean of the last evaluations is %.2f %% above that of those before, less"
                        + " than %.2f %%",
                100,
                "the adapter has learnt what it can from these samples at this learning rate",
                "Federation.Builder.patience to stop early",
                "FedHdsBuilder.learningRate, higher",
                "Selection.recommended, with a larger share"),
        /** The mean training loss of the last rounds is hardly lower than that of the rounds before. */
        LOSS_PLATEAU(
                "the training loss has stopped falling: its mean over the last rounds is %.2f %% below that of those before,"
                        + " less than %.2f %%",
                100,
                "the adapter has learnt what it can from these samples at this learning rate",
                "Federation.Builder.evaluation to see whether the score still rises",
                "FedHdsBuilder.learningRate, higher",
                "Selection.recommended, with a larger share"),
        /** The last evaluations are clearly worse than the best one. */
        SCORE_FALLING(
                "the score is falling: the last evaluations are %.1f %% or more below the best one, more than %.1f %%",
                100,
                "the learning rate is too high for so few samples, or the adapter forgets earlier rounds",
                "FedHdsBuilder.learningRate, lower",
                "FedHdsBuilder.epochs, fewer",
                "Federation.Builder.patience, which stops; the best adapter is kept"),
        /** The clients' changes of the adapter have no common direction. */
        SCATTERED_UPDATES(
                "the clients' updates scatter: their mean cosine is %.4f, below %.4f",
                1,
                "noise on the updates, a learning rate at which training diverges, or clients whose data contradict each"
                        + " other",
                "FedHdsBuilder.learningRate, lower",
                "UpdateNoise with less noise, or Federation.Builder.activeShare, higher",
                "CoordinateMedian or Krum, if some clients may be dishonest"),
        /** One client has most of the round's training samples. */
        UNEQUAL_CORESETS(
                "the coresets are very unequal: one client has %.0f %% of the round's samples, more than %.0f %%",
                100,
                "its samples differ from those of all others, or it holds most of the instructions",
                "KCenterSelector.withClientLimits",
                "Limits.maxGroups",
                "Selection.balanced"),
        /** Clients in whose instructions no group was found. */
        CLIENTS_WITHOUT_GROUPS(
                "clients found no group, so they train on nothing: %.0f %% of the round's clients, more than %.0f %%",
                100,
                "the clustering takes all their instructions for noise: they hold too few, or none that resemble each"
                        + " other",
                "Hdbscan.Builder.minClusterSize, lower",
                "Selection.recommended, which needs no groups",
                "fewer clients with more instructions each"),
        /** Most updates are as long as the server lets them be. */
        SATURATED_BOUND(
                "the server's clipping shortens most updates by more than a fifth: %.0f %% of them, more than %.0f %%",
                100,
                "the norm of the clipping is below the usual length of an update",
                "the norm of NormClipping or CentralNoise, higher",
                "FedHdsBuilder.learningRate, lower");

        private final String what;
        private final double factor;
        private final String cause;
        private final List<String> settings;

        Kind(String what, double factor, String cause, String... settings) {
            this.what = what;
            this.factor = factor;
            this.cause = cause;
            this.settings = List.of(settings);
        }

        /** The likely cause. */
        public String cause() {
            return cause;
        }

        /** Settings to try, the first one first. */
        public List<String> settings() {
            return settings;
        }
    }

    /** What was found, with the measured value, its threshold and at most {@value #MAX_NAMES} clients; one line. */
    public String what() {
        String text = String.format(Locale.ROOT, kind.what, kind.factor * value, kind.factor * threshold);
        if (clients.isEmpty()) {
            return text;
        }
        String names = String.join(
                ", ", clients.stream().limit(MAX_NAMES).map(ClientId::value).toList());
        int more = clients.size() - MAX_NAMES;
        return text + " (" + names + (more > 0 ? " and " + more + " more" : "") + ")";
    }

    /** All of it in one line: what, the likely cause, and the settings to try. */
    public String describe() {
        return "round " + round + ": " + what() + "; likely cause: " + kind.cause + "; try "
                + String.join("; or ", kind.settings);
    }
}
