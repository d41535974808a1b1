package io.github.fedhds;

import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.aggregation.SecureClient;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.release.ReportRelease;
import io.github.fedhds.release.UpdateRelease;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingCounts;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client of a federation: holds private instructions and answers the server's messages. It has no transport: the
 * application carries the messages, and {@link #answer} alone is enough for that. No message contains an instruction.
 *
 * <p>Messages may arrive twice or late. A repeated opening gives the same report again, without another pass through the model;
 * a repeated selection gives the same adapter again. A late opening of an old round does not make the client forget the newest
 * round. The client remembers two openings, the last one that it summarised and the newest of the others, each with its global
 * adapter and the trained one.
 *
 * <p>A restarted client has forgotten its rounds. Given the round's opening again, it computes the same report and may then
 * train. If its instructions have changed, it computes another report, which the server refuses; and it refuses a selection
 * that answers the old report.
 *
 * <p>Safe for many threads; calls run one at a time.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHdsClient {
    private static final System.Logger LOGGER = System.getLogger("io.github.fedhds");
    private static final int REMEMBERED = 2;

    private final ClientId id;
    private final List<Instruction> instructions;
    private final GroupFinder finder;
    private final LocalTrainer trainer;
    private final ReportRelease reportRelease;
    private final UpdateRelease updateRelease;
    private final Optional<SecureAggregation> secureAggregation;
    private final Map<String, String> agreedSettings;
    private final List<ClientListener> listeners;
    private final Deque<ClientStep> steps = new ArrayDeque<>(); // the newest first
    private @Nullable SumPart revealedFor; // the newest message that shares were revealed for; outlives its step

    FedHdsClient(FedHdsClientBuilder builder) {
        id = builder.id;
        instructions = builder.instructions;
        finder = new GroupFinder(
                id,
                instructions,
                require(builder.extractor, "featureExtractor"),
                require(builder.fusion, "fusion"),
                require(builder.selector, "selector"),
                builder.scorer);
        trainer = require(builder.trainer, "trainer");
        reportRelease = builder.reportRelease;
        updateRelease = builder.updateRelease;
        secureAggregation = builder.secureAggregation;
        agreedSettings = builder.agreedSettings;
        listeners = List.copyOf(builder.listeners);
    }

    static <T> T require(@Nullable T value, String setting) {
        return Objects.requireNonNull(value, () -> "a client needs a " + setting + "; set it on the builder");
    }

    /** Starts a client; instructions and the four roles must be set. */
    public static FedHdsClientBuilder builder(ClientId id) {
        return new FedHdsClientBuilder(Objects.requireNonNull(id, "id"));
    }

    /** The client's name. */
    public ClientId id() {
        return id;
    }

    /** How many instructions the client holds. */
    public int size() {
        return instructions.size();
    }

    /** The settings that this client must share with the server, by name. */
    public Map<String, String> agreedSettings() {
        return agreedSettings;
    }

    /**
     * Answers a message of the server: the whole part of a client in a round. Returns the reply to send back, if there is one.
     *
     * <ul>
     *   <li>An opening gives a {@link CentroidReport}, or a {@link Withdrawal} if the settings differ, the opening's frame is for
     *       feature rows of another length, or a privacy budget is spent.
     *   <li>A selection gives an {@link AdapterUpdate}; nothing if no group was chosen; a {@link Withdrawal} if nothing could
     *       be trained, or if the selection answers another report than this client's; a refusing {@link Receipt} if the
     *       client does not know the round, and then needs the opening first.
     *   <li>With secure aggregation, a selection gives public keys in place of the adapter, and each message of the sum the next part
     *       of it; a {@link Withdrawal} if a part would reveal more than the sum, or too few clients are left; a refusing {@link Receipt}
     *       if the client has not begun this sum.
     *   <li>A receipt gives nothing, and the listener is told.
     * </ul>
     *
     * <p>Messages of other kinds, for other clients or with groups that do not exist give a refusing receipt. Exceptions of
     * roles are thrown on; the client is then in the same state as before, and the message may be given again.
     */
    public synchronized Optional<Message> answer(Message message) {
        if (message instanceof Receipt receipt) {
            tell(l -> l.received(receipt));
            return Optional.empty();
        }
        if (message instanceof RoundOpening opening) {
            if (!opening.clients().contains(id)) {
                return refused(message, Refusal.NOT_IN_ROUND, "the opening does not name client " + id);
            }
            try {
                return Optional.of(summarise(opening));
            } catch (SettingsMismatchException e) {
                return Optional.of(withdraw(opening, Refusal.SETTINGS_DIFFER, e.getMessage(), TrainingCounts.NONE));
            } catch (BudgetSpentException e) {
                return Optional.of(withdrawSpent(opening, e));
            }
        }
        if (message instanceof GroupSelection selection) {
            if (!selection.client().equals(id)) {
                return refused(message, Refusal.UNKNOWN_CLIENT, "the selection is not for client " + id);
            }
            Optional<ClientStep> step = step(selection);
            if (step.isEmpty()) {
                return refused(message, Refusal.UNKNOWN_ROUND, unknownRound(selection));
            }
            if (!step.get().report.digest().equals(selection.reportDigest())) {
                return Optional.of(withdraw(selection, Refusal.OTHER_REPORT, otherReport(), TrainingCounts.NONE));
            }
            Optional<String> fault = unknownGroup(selection, step.get().report);
            return fault.isPresent() ? refused(message, Refusal.WRONG_GROUPS, fault.get()) : finite(train(selection));
        }
        if (message instanceof SumPart part) {
            return part.client().equals(id)
                    ? Optional.of(summed(part))
                    : refused(message, Refusal.UNKNOWN_CLIENT, "this part of a secure sum is not for client " + id);
        }
        return refused(
                message, Refusal.WRONG_KIND, "a client takes openings, selections, parts of a secure sum and receipts");
    }

    /** An adapter with NaN has no byte form, and no server takes it. */
    private Optional<Message> finite(Optional<Message> answer) {
        if (answer.orElse(null) instanceof AdapterUpdate update) {
            Optional<String> fault = update.adapter().firstNonFinite();
            if (fault.isPresent()) {
                return Optional.of(withdraw(update, Refusal.NOT_FINITE, fault.get(), update.counts()));
            }
        }
        return answer;
    }

    /** Whether shares were revealed in this round or a later one: two sums with a client have its update as difference. */
    private boolean hasRevealed(String runId, int round) {
        SumPart revealed = revealedFor;
        return revealed != null && revealed.runId().equals(runId) && revealed.round() >= round;
    }

    private Message summed(SumPart part) {
        List<ClientStep> ofRound = steps.stream()
                .filter(step -> step.isOf(part.runId(), part.round()) && step.sum != null)
                .toList();
        if (ofRound.isEmpty()) {
            return Receipt.refused(
                            part,
                            Refusal.UNKNOWN_ROUND,
                            "client " + id + " has begun no secure sum in round " + part.round() + " of run "
                                    + part.runId() + "; was it started again?")
                    .withParty(id);
        }
        ClientSum sum = Objects.requireNonNull(ofRound.get(0).sum); // of the newest opening
        try {
            if (hasRevealed(part.runId(), part.round()) && !sum.hasRevealed()) {
                throw new IllegalStateException(
                        "the client has revealed shares for another sum of this round or of a later one");
            }
            SumPart answer = sum.answer(part);
            revealedFor = sum.hasRevealed() ? part : revealedFor;
            return answer;
        } catch (IllegalArgumentException | IllegalStateException e) {
            return withdraw(part, Refusal.SECURE_SUM, e.getMessage(), TrainingCounts.NONE);
        }
    }

    private Optional<Message> refused(Message message, Refusal refusal, String reason) {
        return Optional.of(Receipt.refused(message, refusal, reason).withParty(id));
    }

    private Withdrawal withdraw(Message message, Refusal refusal, @Nullable String reason, TrainingCounts counts) {
        Withdrawal withdrawal =
                new Withdrawal(message.runId(), message.round(), id, refusal, String.valueOf(reason), counts);
        LOGGER.log(
                System.Logger.Level.WARNING,
                "client {0} withdraws from round {1} of run {2} ({3}): {4}",
                id,
                message.round(),
                message.runId(),
                refusal,
                withdrawal.reason());
        tell(l -> l.withdrew(withdrawal));
        return withdrawal;
    }

    private void tell(Consumer<ClientListener> event) {
        Listeners.tell(listeners, "client", event);
    }

    /**
     * Steps 2 to 6: features, fusion, groups and their centroids. With a frame in the opening, a centroid is the mean of the
     * group's members in that frame. Without one it is {@link io.github.fedhds.coreset.Group#centre}, or the mean of the
     * members' fused points if the group has none.
     *
     * <p>Memory: where the selector asks for points, all features at once, {@code 4 columns} bytes for each instruction;
     * otherwise, with a frame, the features of 1,024 instructions at a time.
     *
     * @param opening the server's opening; must name this client
     * @return the report; without centroids if the client has no instruction or the selector found no group
     * @throws SettingsMismatchException if the opening has other {@link FedHdsClientBuilder#agreedSettings} than this client,
     *     or a frame for feature rows of another length
     * @throws IllegalArgumentException if the opening does not name this client, or a feature is NaN or infinite
     * @throws IllegalStateException if a role returns null or a wrong number of rows, the fusion returns NaN, infinity or
     *     another number of coordinates than {@link Fusion#dimensions}, or the selector names an instruction that does not
     *     exist. Exceptions of roles are thrown on. The client is then in the same state as before
     */
    public synchronized CentroidReport summarise(RoundOpening opening) {
        if (!opening.clients().contains(id)) {
            throw new IllegalArgumentException("round " + opening.round() + " does not name client " + id
                    + "; carry an opening to the clients that it names only");
        }
        SettingsMismatchException.check(id, opening.agreedSettings(), agreedSettings);
        RoundContext round = opening.contextOf(id);
        String digest = opening.digest();
        Optional<ClientStep> known = steps.stream()
                .filter(step -> step.report.openingDigest().equals(digest))
                .findFirst();
        if (known.isPresent()) {
            return known.get().report;
        }
        Optional<ClientStep> same = steps.stream()
                .filter(step -> step.round.equals(round) && step.frame.equals(opening.frame()))
                .findFirst();
        // A round that was opened again with other clients has the same groups, and needs a report that answers it.
        GroupFinder.Found found = same.isPresent()
                ? same.get().found
                : finder.find(
                        round,
                        opening.frame(),
                        (candidates, groups) ->
                                tell(l -> l.grouped(round, candidates, groups.coreset(), groups.centroids())));
        CentroidReport report = released(
                new CentroidReport(round.runId(), round.round(), id, found.centroids(), instructions.size(), digest),
                opening.frame()
                        .map(Frame::dimensions)
                        .orElseGet(() -> finder.fusion().dimensions()),
                round);
        steps.addFirst(new ClientStep(round, opening.clients(), opening.frame(), found, report));
        if (steps.size() > REMEMBERED) {
            forget(round.runId());
        }
        tell(l -> l.summarised(opening, report));
        return report;
    }

    private CentroidReport released(CentroidReport exact, int dimensions, RoundContext round) {
        CentroidReport report =
                finder.given("report release", "a CentroidReport", reportRelease.release(exact, dimensions, round));
        if (!report.runId().equals(exact.runId())
                || report.round() != exact.round()
                || !report.client().equals(exact.client())
                || !report.openingDigest().equals(exact.openingDigest())) {
            throw new IllegalStateException(
                    "the report release of client " + id + " returned a report of another round, client or opening");
        }
        return report;
    }

    /** Late openings of old rounds or of an old run must not drive the newest out, so what goes is the oldest round. */
    private void forget(String runId) {
        String run = steps.stream().skip(1).anyMatch(step -> step.isOf(runId))
                ? runId
                : steps.getLast().round.runId();
        ClientStep oldest = null;
        for (ClientStep step : steps) {
            boolean older = oldest == null || step.round.round() <= oldest.round.round();
            if (step != steps.getFirst() && step.isOf(run) && older) {
                oldest = step;
            }
        }
        steps.remove(oldest);
    }

    /** The step that a selection answers; if the round was opened again from another adapter, there may be two of it. */
    private Optional<ClientStep> step(GroupSelection selection) {
        return steps.stream()
                .filter(step -> step.isOf(selection.runId(), selection.round()))
                .min(Comparator.comparing(step -> !step.report.digest().equals(selection.reportDigest())));
    }

    /**
     * Steps 8 and 9: trains on the most representative members of the chosen groups. The same selection again gives the same
     * answer again, without training.
     *
     * @param selection the server's choice for this client
     * @return an {@link AdapterUpdate}, or with secure aggregation a {@link SumPart} with public keys; a {@link Withdrawal} with counts if nothing could be trained; empty if no group was
     *     chosen
     * @throws IllegalStateException if the round was not summarised before, the selection answers another report, or the
     *     trainer gives null
     * @throws IllegalArgumentException if the selection is for another client or names a group that does not exist
     */
    public synchronized Optional<Message> train(GroupSelection selection) {
        if (!selection.client().equals(id)) {
            throw new IllegalArgumentException("this selection is for client " + selection.client() + ", not " + id);
        }
        ClientStep current = step(selection).orElseThrow(() -> new IllegalStateException(unknownRound(selection)));
        if (selection.equals(current.selection)) {
            return current.trained;
        }
        if (!current.report.digest().equals(selection.reportDigest())) {
            throw new IllegalStateException(otherReport());
        }
        unknownGroup(selection, current.report).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        if (hasRevealed(selection.runId(), selection.round())) {
            return Optional.of(withdraw(
                    selection,
                    Refusal.SECURE_SUM,
                    "the client has revealed shares for another sum of this round or of a later one",
                    TrainingCounts.NONE));
        }
        List<Instruction> chosen = chosen(selection, current.found.coreset().groups());
        Optional<Message> answer = selection.groups().isEmpty()
                ? Optional.empty()
                : Optional.of(trained(selection, chosen, current.round));
        if (secureAggregation.isPresent()) {
            answer = finite(answer); // no adapter may leave in the clear
            if (answer.orElse(null) instanceof AdapterUpdate update) {
                current.sum = begun(secureAggregation.get(), current, update);
                answer = Optional.of(current.sum.keys());
            }
        }
        current.selection = selection;
        current.trained = answer;
        return answer;
    }

    private ClientSum begun(SecureAggregation how, ClientStep of, AdapterUpdate update) {
        SecureClient part =
                finder.given("secure aggregation", "a SecureClient", how.client(of.round, of.clients, update));
        return new ClientSum(part, update.runId(), update.round(), id);
    }

    /** A released report may have more centroids than there are groups, and two of them may stand for one group. */
    private List<Instruction> chosen(GroupSelection selection, List<Group> groups) {
        Set<Integer> members = new LinkedHashSet<>();
        if (!groups.isEmpty()) {
            for (int groupId : selection.groups()) {
                for (int member : groups.get(groupId % groups.size()).representatives()) {
                    members.add(member);
                }
            }
        }
        return members.stream().map(instructions::get).toList();
    }

    private Message trained(GroupSelection selection, List<Instruction> chosen, RoundContext round) {
        TrainingResult result = chosen.isEmpty()
                ? new TrainingResult(round.globalAdapter(), 0, new double[0])
                : finder.given("trainer", "a TrainingResult", trainer.train(List.copyOf(chosen), round));
        String left = result.counts().describe();
        boolean trained = result.samples() > 0;
        if (!trained && updateRelease == UpdateRelease.exact()) {
            return withdraw(
                    selection,
                    Refusal.NOTHING_TRAINED,
                    chosen.isEmpty()
                            ? "the selector has found no group among the client's " + instructions.size()
                                    + " instructions, so the report's centroids stand for none"
                            : "none of the " + chosen.size() + " chosen samples could be trained on"
                                    + (left.isEmpty() ? "" : ": " + left),
                    result.counts());
        }
        if (!left.isEmpty()) {
            LOGGER.log(
                    System.Logger.Level.INFO,
                    "client {0} trained on {1} samples in round {2}; {3}",
                    id,
                    result.samples(),
                    selection.round(),
                    left);
        }
        AdapterUpdate update = new AdapterUpdate(
                selection.runId(),
                selection.round(),
                id,
                trained ? result.adapter() : round.globalAdapter(), // a withdrawal would tell of the client's data
                Math.max(1, result.samples()),
                result.meanLoss(),
                result.counts(),
                selection.digest());
        AdapterUpdate released;
        try {
            released = finder.given("update release", "an AdapterUpdate", updateRelease.release(update, round));
        } catch (BudgetSpentException e) {
            return withdrawSpent(selection, e);
        }
        tell(l -> l.trained(released, result));
        return released;
    }

    /** How much was spent is the client's affair: the server learns that the budget does not suffice. */
    private Withdrawal withdrawSpent(Message message, BudgetSpentException e) {
        LOGGER.log(System.Logger.Level.WARNING, "client {0}, round {1}: {2}", id, message.round(), e.getMessage());
        return withdraw(
                message,
                Refusal.BUDGET_SPENT,
                "the privacy budget of the client does not suffice",
                TrainingCounts.NONE);
    }

    private String unknownRound(GroupSelection selection) {
        return "client " + id + " has not summarised round " + selection.round() + " of run " + selection.runId()
                + ", or two openings since; give it the round's opening first";
    }

    private String otherReport() {
        return "the selection answers another report than that of client " + id
                + "; its instructions, model or software have changed since";
    }

    private Optional<String> unknownGroup(GroupSelection selection, CentroidReport report) {
        int groups = report.centroids().size();
        return selection.groups().stream()
                .filter(group -> group < 0 || group >= groups)
                .findFirst()
                .map(group -> "the selection names group " + group + ", client " + id + " has " + groups);
    }
}
