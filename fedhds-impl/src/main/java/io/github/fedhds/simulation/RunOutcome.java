package io.github.fedhds.simulation;

import io.github.fedhds.ServerListener;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.UntrainedRun;
import io.github.fedhds.monitoring.UntrainedRun.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** Counts why clients' answers were not used, to explain why a run has trained nothing. For one thread. */
final class RunOutcome implements ServerListener {
    /** Refusals that are caused by settings: the same run would get them again. */
    private static final Set<Refusal> OF_SETTINGS =
            Set.of(Refusal.WRONG_SHAPE, Refusal.WRONG_NAMES, Refusal.SETTINGS_DIFFER);

    /** The settings that can avoid a refusal. */
    private static final Map<Refusal, String> HINTS = Map.ofEntries(
            Map.entry(
                    Refusal.WRONG_SHAPE,
                    "give server and clients the same LoRA rank, and FedHdsServerBuilder.dimensions as many as the fusion has"),
            Map.entry(Refusal.WRONG_NAMES, "give server and clients the same LoRA target modules"),
            Map.entry(Refusal.SETTINGS_DIFFER, "make agreedSettings of server and clients equal"),
            Map.entry(Refusal.NOT_FINITE, "lower the learning rate, or look at the data"),
            Map.entry(Refusal.TOO_FAR, "lower the learning rate, or raise maxNorm or maxCoordinate"),
            Map.entry(Refusal.SAMPLES, "raise maxSamples"),
            Map.entry(Refusal.TOO_MANY, "raise maxCentroids, or make fewer groups"),
            Map.entry(
                    Refusal.NOTHING_TRAINED,
                    "raise maxTokens if answers are too long, lower the learning rate if steps are not finite"),
            Map.entry(Refusal.OTHER_REPORT, "a client's instructions and model must stay the same within a round"),
            Map.entry(Refusal.RULE, "the receipts say what the aggregator does not take"),
            Map.entry(Refusal.BUDGET_SPENT, "raise the privacy budget, or plan its noise for as many rounds"));

    private final Map<Refusal, Long> refused = new TreeMap<>();
    private final Map<Refusal, Long> withdrawn = new TreeMap<>();

    @Override
    public void answered(Message message, Receipt receipt) {
        if (message instanceof CentroidReport || message instanceof AdapterUpdate) {
            receipt.refusal().ifPresent(refusal -> refused.merge(refusal, 1L, Long::sum));
        } else if (message instanceof Withdrawal withdrawal && receipt.counts()) {
            withdrawn.merge(withdrawal.refusal(), 1L, Long::sum);
        }
    }

    /**
     * Why none of the run's rounds has changed the adapter; empty if one has.
     *
     * @param registered number of clients of the run; more clients per round are not advised if all are in each
     */
    Optional<UntrainedRun> untrained(List<RoundReport> rounds, int registered) {
        if (rounds.isEmpty()
                || rounds.stream().anyMatch(round -> !round.result().isEmpty())) {
            return Optional.empty();
        }
        long failed =
                rounds.stream().mapToLong(round -> round.failedClients().size()).sum();
        Cause cause = cause(rounds, failed);
        Map<Refusal, Long> all = new TreeMap<>(refused);
        withdrawn.forEach((refusal, count) -> all.merge(refusal, count, Long::sum));
        boolean ofClients = cause != Cause.NO_GROUP_CHOSEN && cause != Cause.ALL_VOID;
        boolean ofSettings = ofClients && failed == 0 && !all.isEmpty() && OF_SETTINGS.containsAll(all.keySet());
        List<String> reason = new ArrayList<>(); // first what happened, then what may help
        reason.add("none of " + rounds.size() + " rounds has changed the adapter: " + what(cause, rounds, failed));
        boolean everyone = rounds.stream().allMatch(round -> round.result().clients() >= registered);
        String moreClients =
                everyone ? "" : "give a round more clients (activeShare), or "; // no advice where all take part
        if (cause == Cause.NO_GROUP_CHOSEN) {
            reason.add(
                    sum(rounds, RoundResult::centroids) == 0
                            ? "give clients more samples, or choose by another Selection; a selection by scores also finds no"
                                    + " group if no sample has a score (all NaN or infinite), and then logs a warning"
                            : moreClients + "choose by another Selection, such as recommended");
        } else if (cause == Cause.ALL_VOID) {
            reason.add(moreClients + "lower minAnswers or minShare");
        }
        all.keySet().stream().map(HINTS::get).filter(Objects::nonNull).forEach(reason::add);
        return Optional.of(new UntrainedRun(cause, all, ofSettings, String.join("; ", reason)));
    }

    private Cause cause(List<RoundReport> rounds, long failed) {
        boolean allVoid = rounds.stream().allMatch(round -> round.result().isVoid());
        boolean reported = sum(rounds, RoundResult::reports) > 0;
        boolean chosen = sum(rounds, RoundResult::chosen) > 0;
        if (sum(rounds, RoundResult::updates) > 0 || (reported && !chosen && allVoid)) {
            return Cause.ALL_VOID;
        }
        if (reported && !chosen) {
            return Cause.NO_GROUP_CHOSEN;
        }
        if (failed > 0 || refused.isEmpty() == withdrawn.isEmpty()) {
            return Cause.SEVERAL;
        }
        return refused.isEmpty() ? Cause.ALL_WITHDREW : Cause.ALL_REFUSED;
    }

    private static long sum(List<RoundReport> rounds, ToLongFunction<RoundResult> figure) {
        return rounds.stream().map(RoundReport::result).mapToLong(figure).sum();
    }

    private String what(Cause cause, List<RoundReport> rounds, long failed) {
        List<String> parts = new ArrayList<>();
        if (cause == Cause.NO_GROUP_CHOSEN) {
            long centroids = sum(rounds, RoundResult::centroids);
            parts.add(
                    centroids == 0
                            ? "no client found a group in its samples"
                            : "no group was chosen among " + centroids + " centroids");
        } else if (cause == Cause.ALL_VOID) {
            parts.add("all are void, the last one because "
                    + rounds.get(rounds.size() - 1).result().voidReason().orElse("no update came"));
        }
        if (!refused.isEmpty()) {
            parts.add("messages were refused (" + listed(refused) + ")");
        }
        if (!withdrawn.isEmpty()) {
            parts.add("clients withdrew (" + listed(withdrawn) + ")");
        }
        if (failed > 0) {
            parts.add("the work of clients threw (" + failed + " times)");
        }
        return parts.isEmpty() ? "no client's work counted" : String.join(", ", parts);
    }

    private static String listed(Map<Refusal, Long> counts) {
        return counts.entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
    }
}
