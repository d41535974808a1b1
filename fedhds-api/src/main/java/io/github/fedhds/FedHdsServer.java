package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.feature.Points;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The server of a federation: opens rounds, collects the clients' messages, selects among their centroids, and aggregates
 * their adapters. It has no transport: the application carries the messages.
 *
 * <p>A round is {@link #open}, {@link #accept} of each report, {@link #select}, {@link #accept} of each adapter, {@link
 * #aggregate}. With secure aggregation there are four exchanges in place of the adapters, see {@link #proceed}. The application decides when a step ends, for example at a deadline; what has not arrived by then does not
 * count. {@link #messageFor} gives the message that a client is waiting for, {@link #progress} the clients that the round
 * waits for. The result depends on which messages were accepted, not on their order. No message makes a method throw,
 * whatever it holds. Where a role of the application throws, each method says what state the server is in afterwards.
 *
 * <p>The {@linkplain Message#key key} of a message is its run, round, client and kind. The server accepts one message for each
 * key. It {@linkplain Receipt.Status#ALREADY_HAD acknowledges} the same message again, and refuses another one with the same
 * key. A refused message does not use up its key, so the sender may correct it and send it again. Counting repeated sends and
 * authenticating the sender are tasks of the transport.
 *
 * <p>Accepted messages are kept in memory only. A server that is restored after a crash opens the same round again, with an
 * equal opening, and its clients answer again.
 *
 * <p>Safe for many threads; calls run one at a time.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHdsServer {
    private final String runId;
    private final ClientSampler sampler;
    private final CoresetSelector selector;
    private final Aggregator aggregator;
    private final Optional<SecureAggregation> secureAggregation;
    private final long seed;
    private final int dimensions;
    private final Limits limits;
    private final boolean compareOpenings;
    private final MessageLimits messageLimits;
    private final Map<String, String> settings;
    private final Map<String, String> agreedSettings;
    private final Function<RoundContext, Optional<Frame>> frame;
    private final boolean remembersChosen;
    private final ServerEvents events;

    private final Set<ClientId> clients = new LinkedHashSet<>(); // in registered order
    private int number;
    private Adapter globalAdapter;
    private Adapter aggregatorState = Adapter.empty();
    private Points chosen = Points.of(List.of());
    private Optional<Frame> openedFrame = Optional.empty(); // of the last round that this object opened
    private @Nullable Round round;

    FedHdsServer(FedHdsServerBuilder builder) {
        ServerState state = builder.state;
        runId = builder.runId != null ? builder.runId : state != null ? state.runId() : "run-" + UUID.randomUUID();
        List<ClientId> registered = require(builder.clients, "list of clients");
        sampler = builder.sampler;
        selector = require(builder.selector, "selector");
        aggregator = require(builder.aggregator, "aggregator");
        builder.checkAggregator();
        secureAggregation = Optional.ofNullable(builder.secureAggregation);
        seed = builder.seed;
        dimensions = builder.dimensions;
        compareOpenings = builder.compareOpenings;
        settings = builder.settings;
        agreedSettings = builder.agreedSettings;
        frame = builder.frame;
        remembersChosen = builder.rememberChosen;
        events = new ServerEvents(builder.listeners);
        Adapter first = builder.firstAdapter();
        if (state == null) {
            globalAdapter = require(first, "initialAdapter");
        } else {
            state.fault(builder.runId, seed, registered, agreedSettings, first).ifPresent(fault -> {
                throw new IllegalArgumentException("the state to restore is of " + fault);
            });
            number = state.round();
            globalAdapter = state.globalAdapter();
            aggregatorState = state.aggregatorState();
            chosen = state.chosen();
            if (chosen.size() > 0 && !remembersChosen) {
                throw new IllegalArgumentException(
                        "the state to restore has the " + chosen.size()
                                + " chosen points of a server with a memory, and this server has none; set rememberChosen(true)");
            }
            aggregator.checkState(globalAdapter, aggregatorState);
        }
        messageLimits = builder.messageLimits == null ? MessageLimits.forAdapter(globalAdapter) : builder.messageLimits;
        limits = builder.limits(messageLimits);
        tooFew(registered.size()).ifPresent(reason -> {
            throw new IllegalArgumentException("the server has " + reason);
        });
        limits.exceeding(messageLimits, dimensions, settings, agreedSettings).ifPresent(reason -> {
            throw new IllegalArgumentException(reason + "; see MessageLimits");
        });
        clients.addAll(registered);
    }

    private static <T> T require(@Nullable T value, String setting) {
        return Objects.requireNonNull(value, () -> "a server needs a " + setting + "; set it on the builder");
    }

    /** Why so many clients can never give what a round needs; empty if they can. */
    private Optional<String> tooFew(int count) {
        if (count == 0 && aggregator.changesWithoutUpdates()) {
            return Optional.empty();
        }
        int least = secureAggregation.map(SecureAggregation::leastClients).orElse(0);
        return count < least
                ? Optional.of(count + " clients, and the secure aggregation needs the updates of " + least)
                : limits.tooFew(count, aggregator);
    }

    /** Starts a server; clients, selector, aggregator and initial adapter must be set. */
    public static FedHdsServerBuilder builder() {
        return new FedHdsServerBuilder();
    }

    /** Name of the run, which every message carries. */
    public String runId() {
        return runId;
    }

    /** The selector of step 7. */
    public CoresetSelector selector() {
        return selector;
    }

    /** The rule of step 10. */
    public Aggregator aggregator() {
        return aggregator;
    }

    /** The shared frame of each round, see {@link FedHdsServerBuilder#frame}. */
    public Function<RoundContext, Optional<Frame>> frame() {
        return frame;
    }

    /** How large messages of this run may be: build the codecs of server and clients with these limits. */
    public MessageLimits messageLimits() {
        return messageLimits;
    }

    /** The adapter that the next round starts from. */
    public synchronized Adapter globalAdapter() {
        return globalAdapter;
    }

    /**
     * The state to save between two rounds, for {@link FedHdsServerBuilder#restore}.
     *
     * @throws IllegalStateException if a round is open: close or {@link #abandon} it first
     */
    public synchronized ServerState state() {
        requireClosed("state");
        return new ServerState(runId, seed, number, clients(), agreedSettings, globalAdapter, aggregatorState, chosen);
    }

    /** All clients, in registered order. */
    public synchronized List<ClientId> clients() {
        return List.copyOf(clients);
    }

    /**
     * Adds clients to the run, between two rounds, after those already registered.
     *
     * @throws IllegalStateException if a round is open
     * @throws IllegalArgumentException if a client is registered already or named twice; none is added then
     */
    public synchronized void register(List<ClientId> newClients) {
        requireClosed("register");
        Set<ClientId> added = new HashSet<>(clients);
        for (ClientId client : newClients) {
            Objects.requireNonNull(client, "client to register");
            if (!added.add(client)) {
                throw new IllegalArgumentException("client " + client + " is registered already; names are unique");
            }
        }
        clients.addAll(newClients);
    }

    /** The open round's opening; empty between rounds. */
    public synchronized Optional<RoundOpening> opening() {
        return Optional.ofNullable(round).map(Round::opening);
    }

    /** The open round's selections, one for each client whose report was accepted; none before {@link #select}. */
    public synchronized Map<ClientId, GroupSelection> selections() {
        return round == null ? Map.of() : round.selections();
    }

    /** The step of the open round, and the clients that it waits for; empty between rounds. */
    public synchronized Optional<RoundProgress> progress() {
        return Optional.ofNullable(round).map(Round::progress);
    }

    /**
     * The message that a client is waiting for: the opening while its report is missing, or after the client was restarted and
     * has asked for it; its selection while its adapter, or its keys for a secure sum, are missing; the next message of a secure sum while its answer is
     * missing; otherwise none. For transports in which clients poll, and
     * for sending again. Like all methods it waits for a call that is running: while a selector or an aggregator computes,
     * polling clients wait too.
     */
    public synchronized Optional<Message> messageFor(ClientId client) {
        return Optional.ofNullable(round).flatMap(open -> open.messageFor(client));
    }

    /**
     * Step 1: opens the next round.
     *
     * @return the message for the clients that it names
     * @throws IllegalStateException if a round is open; if the sampler names no client, one twice, one that is not
     *     registered, or fewer than {@link FedHdsServerBuilder#minAnswers} or {@link Aggregator#leastUpdates} require; if
     *     sampler or frame returns null; if the server {@linkplain FedHdsServerBuilder#rememberChosen remembers} points and
     *     the frame is another one than theirs; or if the opening exceeds {@link #messageLimits}. Exceptions of sampler and frame
     *     are thrown on. No round is open then, and open may be called again
     */
    public synchronized RoundOpening open() {
        requireClosed("open");
        RoundContext context = new RoundContext(runId, number + 1, Optional.empty(), seed, globalAdapter, settings);
        List<ClientId> sampled = RoleAnswer.require(
                aggregator.clients(
                        clients(),
                        RoleAnswer.require(sampler.sample(clients(), context), "client sampler", "a list of clients"),
                        context),
                "aggregator",
                "a list of clients");
        Set<ClientId> named = new HashSet<>(sampled);
        List<ClientId> ordered = clients.stream().filter(named::contains).toList();
        boolean none = ordered.isEmpty() && !aggregator.changesWithoutUpdates();
        if (none || ordered.size() != sampled.size()) {
            throw new IllegalStateException(
                    "the client sampler must name at least one registered client and none twice, named " + sampled);
        }
        tooFew(ordered.size()).ifPresent(reason -> {
            throw new IllegalStateException("the client sampler names " + reason + "; see ClientSampler.atLeast");
        });
        Optional<Frame> shared = RoleAnswer.require(frame.apply(context), "function of frame", "an Optional");
        checkMemory(shared);
        RoundOpening opening =
                new RoundOpening(runId, number + 1, ordered, seed, globalAdapter, settings, agreedSettings, shared);
        Limits.exceeding(messageLimits, opening).ifPresent(reason -> {
            throw new IllegalStateException(reason + "; see MessageLimits");
        });
        number++;
        openedFrame = shared;
        round = new Round(
                opening, compareOpenings, dimensions, limits, aggregator, aggregatorState, secureAggregation, chosen);
        events.opened(opening);
        return opening;
    }

    /** Points of earlier rounds can be compared with those of this round in one frame only. */
    private void checkMemory(Optional<Frame> shared) {
        if (chosen.size() == 0) {
            return;
        }
        int coordinates = shared.map(Frame::dimensions).orElse(chosen.dimensions());
        if (coordinates != chosen.dimensions() || openedFrame.isPresent() && !openedFrame.equals(shared)) {
            throw new IllegalStateException("the server remembers " + chosen.size() + " chosen points of "
                    + chosen.dimensions() + " coordinates, and round " + (number + 1) + " has another frame, "
                    + shared.map(String::valueOf).orElse("none")
                    + "; a memory needs one frame for all rounds: set the frame of the earlier rounds, or start a new"
                    + " run");
        }
    }

    /**
     * Accepts or refuses a client's message; the round continues either way. Does not throw, whatever the message holds.
     *
     * @return the receipt to send back; the receipt of a receipt need not be sent
     */
    public synchronized Receipt accept(Message message) {
        Receipt receipt = checkAddressing(message)
                .orElseGet(() -> Objects.requireNonNull(round).accept(message));
        events.received(message, receipt);
        return receipt;
    }

    /**
     * Step 7: stops taking reports and selects groups. The round is void, and no group is selected, where fewer clients have
     * reported than {@link FedHdsServerBuilder#minAnswers} and {@link FedHdsServerBuilder#minShare} require, or fewer have a
     * selected group than these and {@link Aggregator#leastUpdates} require; {@link #aggregate} then says why.
     *
     * @return a message for every client of the round whose report was accepted, in registered order
     * @throws IllegalStateException if no round takes reports, if the selector names a centroid that does not exist, or if
     *     selector or aggregator returns null. Exceptions of selector and aggregator are thrown on. The round then still
     *     takes reports: select again, or {@link #abandon} it
     */
    public synchronized Map<ClientId, GroupSelection> select() {
        events.refuseWhileTelling("select");
        Round open = round;
        if (open == null || open.step() != RoundProgress.Step.REPORTS) {
            throw wrongMoment("select", "in step " + RoundProgress.Step.REPORTS);
        }
        Map<ClientId, GroupSelection> selections = open.select(selector);
        events.selected(number, open.centroids(), selections, open.voidReason());
        open.voidReason().ifPresent(reason -> events.tell(l -> l.voided(number, reason)));
        return selections;
    }

    /**
     * With secure aggregation: ends the present exchange of keys, shares or masked updates, and begins the next. What arrives for an ended
     * exchange does not count. The round is void where fewer clients have answered than {@link FedHdsServerBuilder#minAnswers}, {@link
     * FedHdsServerBuilder#minShare} or the secure sum requires; {@link #aggregate} then says why.
     *
     * <pre>{@code
     * while (!server.progress().orElseThrow().isLast()) {
     *     // wait for the missing clients, then:
     *     send(server.proceed());
     * }
     * }</pre>
     *
     * @return the next message for each client that goes on, in registered order; none if the round is void
     * @throws IllegalStateException if the round is in no such exchange
     */
    public synchronized Map<ClientId, Message> proceed() {
        events.refuseWhileTelling("proceed");
        Round open = round;
        if (open == null
                || open.step() == RoundProgress.Step.REPORTS
                || open.progress().isLast()) {
            throw wrongMoment("proceed", "in an exchange of a secure sum before its last");
        }
        Map<ClientId, Message> next = open.proceed();
        open.voidReason().ifPresent(reason -> events.tell(l -> l.voided(number, reason)));
        return next;
    }

    /**
     * Step 10: aggregates the accepted updates and closes the round.
     *
     * @return the result. Its adapter is the old one where no update arrived, or fewer than {@link
     *     FedHdsServerBuilder#minAnswers}, {@link FedHdsServerBuilder#minShare} and {@link Aggregator#leastUpdates} require
     * @throws IllegalStateException if no round takes updates, or a secure sum has exchanges before it; if the aggregator failed, returned null, or returned an adapter
     *     with other names or shapes or with NaN or infinity; or if no update was accepted and the aggregator failed on one.
     *     In these cases of the aggregator the round is closed, adapter and aggregator's state stay the same, and the next
     *     round can open
     */
    public synchronized RoundResult aggregate() {
        events.refuseWhileTelling("aggregate");
        Round ended = round;
        if (ended == null || !ended.progress().isLast()) {
            throw wrongMoment(
                    "aggregate",
                    "in step "
                            + (secureAggregation.isPresent()
                                    ? RoundProgress.Step.REVEALED_SHARES
                                    : RoundProgress.Step.UPDATES));
        }
        boolean told = ended.voidReason().isPresent();
        round = null; // closed, whatever the aggregator does
        RoundResult result;
        try {
            result = ended.close();
        } catch (RuntimeException | Error e) {
            events.lost(String.valueOf(e.getMessage()));
            throw e;
        }
        globalAdapter = result.adapter();
        aggregatorState = ended.aggregatorState();
        if (remembersChosen && result.voidReason().isEmpty()) {
            remember(ended.trainedPoints());
        }
        if (!told) {
            result.voidReason().ifPresent(reason -> events.tell(l -> l.voided(number, reason)));
        }
        events.closed(result);
        return result;
    }

    private void remember(List<double[]> points) {
        List<double[]> all = new ArrayList<>();
        for (int i = 0; i < chosen.size(); i++) {
            all.add(chosen.point(i));
        }
        all.addAll(points);
        chosen = Points.of(all);
    }

    /**
     * Closes the open round in any step, without a new adapter, for a round that cannot continue. Its number is not used
     * again, so late messages of it are recognized. Does nothing if no round is open.
     */
    public synchronized void abandon() {
        if (round != null) {
            round = null;
            events.lost("abandoned");
        }
    }

    /** The refusal of a message that is not of the open round or not of its clients. */
    private Optional<Receipt> checkAddressing(Message message) {
        if (!message.runId().equals(runId)) {
            return refused(
                    message, Refusal.UNKNOWN_RUN, "this run is " + runId + ", the message is of " + message.runId());
        }
        Round open = round;
        int of = message.round();
        if (open == null || of != number) {
            return refused(
                    message,
                    of < 1 || of > number ? Refusal.UNKNOWN_ROUND : Refusal.LATE,
                    (open == null ? "no round is open; " : "round " + number + " is open, ")
                            + "the message is of round " + of);
        }
        if (message.party().isEmpty()) {
            return refused(message, Refusal.WRONG_KIND, "a server takes messages of a client; this one names none");
        }
        ClientId client = message.party().get();
        if (!open.names(client)) {
            return clients.contains(client)
                    ? refused(message, Refusal.NOT_IN_ROUND, "round " + number + " does not name client " + client)
                    : refused(message, Refusal.UNKNOWN_CLIENT, "client " + client + " is not registered");
        }
        return Optional.empty();
    }

    private static Optional<Receipt> refused(Message message, Refusal refusal, String reason) {
        return Optional.of(Receipt.refused(message, refusal, reason));
    }

    private void requireClosed(String call) {
        if (!call.equals("state")) {
            events.refuseWhileTelling(call);
        }
        if (round != null) {
            throw wrongMoment(call, "between two rounds");
        }
    }

    private IllegalStateException wrongMoment(String call, String wanted) {
        return new IllegalStateException(call + " was called "
                + (round == null ? "between two rounds" : "in step " + round.step()) + ", it is to be called " + wanted
                + "; the order is open, select, aggregate"
                + (secureAggregation.isPresent() ? ", with proceed in between" : ""));
    }
}
