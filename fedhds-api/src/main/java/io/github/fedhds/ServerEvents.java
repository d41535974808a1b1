package io.github.fedhds;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKey;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tells a server's listener and its log, and counts the failures of a round. For one thread at a time. */
final class ServerEvents {
    private static final System.Logger LOGGER = System.getLogger("io.github.fedhds");

    /** Refusals that come with every deadline and every resent message. */
    private static final Set<Refusal> USUAL =
            Set.of(Refusal.LATE, Refusal.EARLY, Refusal.NOT_CHOSEN, Refusal.UNKNOWN_ROUND);

    /** Refusals of a round that are logged at most, so that nobody can fill the log. */
    private static final int MAX_LOGGED = 10_000;

    private final List<ServerListener> listeners;
    private boolean telling;
    private final Set<Logged> logged = new HashSet<>();
    private final Map<Refusal, Long> refusals = new TreeMap<>();
    private final Map<ClientId, Withdrawal> withdrawals = new HashMap<>();
    private @Nullable RoundOpening opening;
    private long start;

    private record Logged(Optional<ClientId> client, MessageKind kind, Refusal refusal) {}

    ServerEvents(List<ServerListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    /** Refuses a call that a listener makes while it is told: it would change the round that is told of. */
    void refuseWhileTelling(String call) {
        if (telling) {
            throw new IllegalStateException(
                    call + " was called by a listener; let the thread that drives the server call it");
        }
    }

    void tell(Consumer<ServerListener> event) {
        boolean outer = telling;
        telling = true;
        try {
            Listeners.tell(listeners, "server", event);
        } finally {
            telling = outer;
        }
    }

    /** A round has begun; the log starts anew. */
    void opened(RoundOpening newOpening) {
        logged.clear();
        opening = newOpening;
        start = System.nanoTime();
        tell(l -> l.opened(newOpening));
    }

    /** The open round has ended with a result. */
    void closed(RoundResult result) {
        tell(l -> l.closed(result));
        ended(Optional.of(result), result.voidReason());
    }

    /** The open round has ended without a result. */
    void lost(String reason) {
        int round = Objects.requireNonNull(opening).round();
        tell(l -> l.voided(round, reason));
        ended(Optional.empty(), Optional.of(reason));
    }

    private void ended(Optional<RoundResult> result, Optional<String> voidReason) {
        RoundOpening ended = Objects.requireNonNull(opening);
        RoundSummary summary = new RoundSummary(
                ended,
                result,
                voidReason,
                refusals,
                ended.clients().stream()
                        .map(withdrawals::get)
                        .filter(Objects::nonNull)
                        .toList(),
                Duration.ofNanos(System.nanoTime() - start));
        opening = null;
        refusals.clear(); // those of late messages between two rounds go to the next one, so that none is lost
        withdrawals.clear();
        tell(l -> l.ended(summary));
    }

    /** The groups are chosen; if there are none, the log says what helps. */
    void selected(int round, int centroids, Map<ClientId, GroupSelection> selections, Optional<String> voidReason) {
        boolean chosen = selections.values().stream()
                .anyMatch(selection -> !selection.groups().isEmpty());
        if (voidReason.isPresent()) {
            LOGGER.log(Level.WARNING, "round {0} is void, so nothing is trained: {1}", round, voidReason.get());
        } else if (!selections.isEmpty() && centroids == 0) {
            LOGGER.log(
                    Level.WARNING,
                    "round {0}: no client found a group among its instructions, so nothing is trained; clients need more"
                            + " instructions, or a selection that keeps a group of each client",
                    round);
        } else if (centroids > 0 && !chosen) {
            LOGGER.log(
                    Level.WARNING,
                    "round {0}: none of {1} centroids was chosen, so nothing is trained; more clients in a round help, or"
                            + " another selection",
                    round,
                    centroids);
        }
        tell(l -> l.selected(round, selections));
    }

    /** A message has been answered. */
    void received(Message message, Receipt receipt) {
        receipt.refusal().ifPresent(refusal -> {
            refusals.merge(refusal, 1L, Long::sum);
            log(message, refusal, receipt.reason());
        });
        tell(l -> l.answered(message, receipt));
        if (message instanceof CentroidReport report) {
            tell(l -> l.received(report, receipt));
        } else if (message instanceof AdapterUpdate update) {
            tell(l -> l.received(update, receipt));
        } else if (message instanceof Withdrawal withdrawal) {
            if (receipt.counts()) {
                withdrawals.put(withdrawal.client(), withdrawal);
                LOGGER.log(
                        Level.WARNING,
                        "client {0} has withdrawn from round {1} ({2}): {3}",
                        withdrawal.client(),
                        withdrawal.round(),
                        withdrawal.refusal(),
                        withdrawal.reason());
            }
            tell(l -> l.received(withdrawal, receipt));
        }
    }

    /** Once for each message and refusal, however often it is sent again. */
    private void log(Message message, Refusal refusal, String reason) {
        MessageKey key = message.key();
        Level level = USUAL.contains(refusal) ? Level.DEBUG : Level.WARNING;
        boolean known = !refusal.equals(Refusal.UNKNOWN_RUN) && !refusal.equals(Refusal.UNKNOWN_CLIENT);
        Optional<ClientId> client = known ? key.client() : Optional.empty(); // unknown names are unbounded in number
        if (LOGGER.isLoggable(level)
                && logged.size() < MAX_LOGGED
                && logged.add(new Logged(client, key.kind(), refusal))) {
            LOGGER.log(
                    level,
                    "refused {0} of {1} in round {2} ({3}): {4}",
                    key.kind(),
                    key.client().map(ClientId::value).orElse("no client"),
                    key.round(),
                    refusal,
                    reason);
        }
    }
}
