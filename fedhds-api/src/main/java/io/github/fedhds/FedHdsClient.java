package io.github.fedhds;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.feature.FeatureExtractor;
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
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingCounts;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One client: holds private instructions, takes the server's messages and gives its own. It knows no transport; the
 * application carries the messages, through {@link #answer} alone if it likes. No message holds an instruction.
 *
 * <p>Messages may come twice or late: a repeated opening gives the report that it gave before, without another pass through
 * the model, a repeated selection the adapter that it gave before, and an old opening that comes late does not make the
 * client forget the newest round. It remembers two openings, the last one that it summarised and the newest besides, each
 * with the adapter that it started from and the one that it trained.
 *
 * <p>A client that is started again has forgotten its rounds. Given the round's opening again, it computes the same report
 * again, and may then train. If its instructions have changed in between, it computes another report, which the server
 * refuses, and a selection for the old one, which the client refuses.
 *
 * <p>Safe for many threads; one step runs at a time.
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
    private final Map<String, String> agreedSettings;
    private final ClientListener listener;
    private final Deque<Step> steps = new ArrayDeque<>(); // the newest first

    /** A round of this client: what it found, and, once it has trained, what it answered. */
    private static final class Step {
        private final RoundContext round;
        private final Optional<Frame> frame;
        private final Coreset coreset;
        private final CentroidReport report;
        private @Nullable GroupSelection selection;
        private Optional<Message> trained = Optional.empty();

        Step(RoundContext round, Optional<Frame> frame, Coreset coreset, CentroidReport report) {
            this.round = round;
            this.frame = frame;
            this.coreset = coreset;
            this.report = report;
        }

        RoundContext round() {
            return round;
        }

        Coreset coreset() {
            return coreset;
        }

        CentroidReport report() {
            return report;
        }

        boolean isOf(String runId) {
            return round.runId().equals(runId);
        }

        boolean isOf(String runId, int number) {
            return round.round() == number && isOf(runId);
        }
    }

    private FedHdsClient(Builder builder) {
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
        agreedSettings = builder.agreedSettings;
        listener = builder.listener;
    }

    private static <T> T require(@Nullable T value, String setting) {
        return Objects.requireNonNull(value, () -> "a client needs a " + setting + "; set it on the builder");
    }

    /** Starts a client; instructions and the four roles must be set. */
    public static Builder builder(ClientId id) {
        return new Builder(Objects.requireNonNull(id, "id"));
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
     * Takes a message of the server and gives the reply to send back, if any: the whole of a client's part in a round.
     *
     * <ul>
     *   <li>An opening gives a {@link CentroidReport}, or a {@link Withdrawal} if the settings differ.
     *   <li>A selection gives an {@link AdapterUpdate}; nothing if no group was chosen; a {@link Withdrawal} if nothing could
     *       be trained, or if the selection answers another report than this client's; a refusing {@link Receipt} if the
     *       client does not know the round, and then needs the opening first.
     *   <li>A receipt gives nothing, and the listener is told.
     * </ul>
     *
     * <p>Messages of other kinds, for other clients or with groups that do not exist give a refusing receipt. What a role
     * throws passes through; the client is then as it was before, and the message may be given again.
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
            }
        }
        if (message instanceof GroupSelection selection) {
            if (!selection.client().equals(id)) {
                return refused(message, Refusal.UNKNOWN_CLIENT, "the selection is not for client " + id);
            }
            Optional<Step> step = step(selection);
            if (step.isEmpty()) {
                return refused(message, Refusal.UNKNOWN_ROUND, unknownRound(selection));
            }
            if (!step.get().report().digest().equals(selection.reportDigest())) {
                return Optional.of(withdraw(selection, Refusal.OTHER_REPORT, otherReport(), TrainingCounts.NONE));
            }
            Optional<String> fault = unknownGroup(selection, step.get().coreset());
            return fault.isPresent() ? refused(message, Refusal.WRONG_GROUPS, fault.get()) : finite(train(selection));
        }
        return refused(message, Refusal.WRONG_KIND, "a client takes openings, selections and receipts");
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
        try {
            event.accept(listener);
        } catch (RuntimeException e) {
            LOGGER.log(System.Logger.Level.WARNING, "a client's listener failed; the client goes on", e);
        }
    }

    /**
     * Steps 2 to 6: features, fusion, groups, and their centres. Where the opening carries a frame, a group's centre is
     * its members' mean in that frame, whatever coordinates it was found in. Where it carries none, that is the group's
     * own centre, or, without one, the mean of its members' fused points.
     *
     * <p>Memory: all features at a time where the selector asks for points, {@code 4 columns} bytes an instruction;
     * otherwise, with a frame, those of 1,024 instructions at a time.
     *
     * @param opening the server's opening; must name this client
     * @return the report; without centroids when the client has no instruction or nothing stood out
     * @throws SettingsMismatchException if the opening asks for other {@link Builder#agreedSettings} than this client's
     * @throws IllegalArgumentException if the opening does not name this client, or a feature is NaN or infinite
     * @throws IllegalStateException if a role gives null or too many or too few rows, the fusion gives NaN, infinity or
     *     another number of coordinates than {@link Fusion#dimensions}, or the selector names a sample that is not there;
     *     what a role throws passes through. The client is then as it was before
     */
    public synchronized CentroidReport summarise(RoundOpening opening) {
        if (!opening.clients().contains(id)) {
            throw new IllegalArgumentException("round " + opening.round() + " does not name client " + id
                    + "; carry an opening to the clients that it names only");
        }
        SettingsMismatchException.check(id, opening.agreedSettings(), agreedSettings);
        RoundContext round = opening.contextOf(id);
        Optional<Step> known = steps.stream()
                .filter(step -> step.round().equals(round) && step.frame.equals(opening.frame()))
                .findFirst();
        if (known.isPresent()) {
            return known.get().report();
        }
        GroupFinder.Found found = finder.find(round, opening.frame());
        CentroidReport report = new CentroidReport(
                round.runId(), round.round(), id, found.centroids(), instructions.size(), opening.digest());
        steps.addFirst(new Step(round, opening.frame(), found.coreset(), report));
        if (steps.size() > REMEMBERED) {
            forget(round.runId());
        }
        tell(l -> l.summarised(opening, report));
        return report;
    }

    /** Late openings of old rounds or of an old run must not drive the newest out, so what goes is the oldest round. */
    private void forget(String runId) {
        String run = steps.stream().skip(1).anyMatch(step -> step.isOf(runId))
                ? runId
                : steps.getLast().round().runId();
        Step oldest = null;
        for (Step step : steps) {
            boolean older =
                    oldest == null || step.round().round() <= oldest.round().round();
            if (step != steps.getFirst() && step.isOf(run) && older) {
                oldest = step;
            }
        }
        steps.remove(oldest);
    }

    /** The step that a selection answers; if the round was opened again from another adapter, there may be two of it. */
    private Optional<Step> step(GroupSelection selection) {
        return steps.stream()
                .filter(step -> step.isOf(selection.runId(), selection.round()))
                .min(Comparator.comparing(step -> !step.report().digest().equals(selection.reportDigest())));
    }

    /**
     * Steps 8 and 9: takes the chosen groups' most telling members and trains on them. The same selection again gives what
     * it gave before, without training again.
     *
     * @param selection the server's choice for this client
     * @return an {@link AdapterUpdate}; a {@link Withdrawal} with the counts if nothing could be trained; empty if no group
     *     was chosen
     * @throws IllegalStateException if the round was not summarised before, the selection answers another report, or the
     *     trainer gives null
     * @throws IllegalArgumentException if the selection is for another client or names a group that does not exist
     */
    public synchronized Optional<Message> train(GroupSelection selection) {
        if (!selection.client().equals(id)) {
            throw new IllegalArgumentException("this selection is for client " + selection.client() + ", not " + id);
        }
        Step current = step(selection).orElseThrow(() -> new IllegalStateException(unknownRound(selection)));
        if (selection.equals(current.selection)) {
            return current.trained;
        }
        if (!current.report().digest().equals(selection.reportDigest())) {
            throw new IllegalStateException(otherReport());
        }
        unknownGroup(selection, current.coreset()).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        List<Instruction> chosen = new ArrayList<>();
        for (int groupId : selection.groups()) {
            for (int member : current.coreset().groups().get(groupId).representatives()) {
                chosen.add(instructions.get(member));
            }
        }
        Optional<Message> answer =
                chosen.isEmpty() ? Optional.empty() : Optional.of(trained(selection, chosen, current.round()));
        current.selection = selection;
        current.trained = answer;
        return answer;
    }

    private Message trained(GroupSelection selection, List<Instruction> chosen, RoundContext round) {
        TrainingResult result = finder.given("trainer", "a TrainingResult", trainer.train(List.copyOf(chosen), round));
        String left = result.counts().describe();
        if (result.samples() == 0) {
            return withdraw(
                    selection,
                    Refusal.NOTHING_TRAINED,
                    "none of the " + chosen.size() + " chosen samples could be trained on"
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
                result.adapter(),
                result.samples(),
                result.meanLoss(),
                result.counts(),
                selection.digest());
        tell(l -> l.trained(update, result));
        return update;
    }

    private String unknownRound(GroupSelection selection) {
        return "client " + id + " has not summarised round " + selection.round() + " of run " + selection.runId()
                + ", or two openings since; give it the round's opening first";
    }

    private String otherReport() {
        return "the selection answers another report than that of client " + id
                + "; its instructions, model or software have changed since";
    }

    private Optional<String> unknownGroup(GroupSelection selection, Coreset coreset) {
        return selection.groups().stream()
                .filter(group -> coreset.group(group).isEmpty())
                .findFirst()
                .map(group -> "the selection names group " + group + ", client " + id + " has "
                        + coreset.groups().size());
    }

    /** Collects a client's parts. Not safe for many threads. */
    public static final class Builder {
        private final ClientId id;
        private List<Instruction> instructions = List.of();
        private @Nullable FeatureExtractor extractor;
        private @Nullable Fusion fusion;
        private @Nullable CoresetSelector selector;
        private @Nullable LocalTrainer trainer;
        private SampleScorer scorer = (kind, list, round) -> {
            throw new IllegalStateException(
                    "the selector asks for " + kind + ", but the client has no scorer; set one on the builder");
        };
        private Map<String, String> agreedSettings = Map.of();
        private ClientListener listener = new ClientListener() {};

        private Builder(ClientId id) {
            this.id = id;
        }

        /** The private instructions, copied; none by default, and then the client takes part without centroids. */
        public Builder instructions(List<Instruction> instructions) {
            Objects.requireNonNull(instructions, "instructions")
                    .forEach(one -> Objects.requireNonNull(one, "one of the instructions"));
            this.instructions = List.copyOf(instructions);
            return this;
        }

        /**
         * Settings that the server must have too, by name, such as the model's digest, the prompt template or the LoRA rank;
         * none by default. A role of the application's own adds what its result depends on, on both sides. Where an opening
         * asks for other names or values, the client takes no part and says why.
         */
        public Builder agreedSettings(Map<String, String> agreedSettings) {
            this.agreedSettings = FedHdsServer.Builder.copyOf(agreedSettings, "agreedSettings");
            return this;
        }

        /** Adds one who is told what the client does, behind those added before; nobody by default. */
        public Builder listener(ClientListener listener) {
            this.listener = this.listener.andThen(Objects.requireNonNull(listener, "listener"));
            return this;
        }

        /** Step 2. */
        public Builder featureExtractor(FeatureExtractor featureExtractor) {
            this.extractor = Objects.requireNonNull(featureExtractor, "featureExtractor");
            return this;
        }

        /** Step 3; without a shared frame, the server's number of dimensions must be the fusion's. */
        public Builder fusion(Fusion fusion) {
            this.fusion = Objects.requireNonNull(fusion, "fusion");
            return this;
        }

        /** Steps 4, 5 and 8. */
        public Builder selector(CoresetSelector selector) {
            this.selector = Objects.requireNonNull(selector, "selector");
            return this;
        }

        /** Step 9. */
        public Builder trainer(LocalTrainer trainer) {
            this.trainer = Objects.requireNonNull(trainer, "trainer");
            return this;
        }

        /** Scores for selectors that ask for them; without one, asking is an error. */
        public Builder scorer(SampleScorer scorer) {
            this.scorer = Objects.requireNonNull(scorer, "scorer");
            return this;
        }

        /**
         * Puts something around the extractor that is set so far: a clock, a cache. Chained calls nest.
         *
         * @throws NullPointerException if none is set yet
         */
        public Builder aroundFeatureExtractor(UnaryOperator<FeatureExtractor> wrapper) {
            this.extractor = around(extractor, wrapper, "featureExtractor");
            return this;
        }

        /**
         * Puts something around the trainer that is set so far: a clock, a log of its results. Chained calls nest.
         *
         * @throws NullPointerException if none is set yet
         */
        public Builder aroundTrainer(UnaryOperator<LocalTrainer> wrapper) {
            this.trainer = around(trainer, wrapper, "trainer");
            return this;
        }

        private static <T> T around(@Nullable T role, UnaryOperator<T> wrapper, String setting) {
            Objects.requireNonNull(wrapper, () -> "wrapper around the " + setting);
            return RoleAnswer.require(
                    wrapper.apply(require(role, setting)), "wrapper around the " + setting, "a " + setting);
        }

        /** The client. */
        public FedHdsClient build() {
            return new FedHdsClient(this);
        }
    }
}
