package io.github.fedhds;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKey;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import java.lang.System.Logger.Level;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

/** Tells a server's listener and its log. For one thread at a time. */
final class ServerEvents {
    private static final System.Logger LOGGER = System.getLogger("io.github.fedhds");

    /** Refusals that come with every deadline and every resent message. */
    private static final Set<Refusal> USUAL =
            Set.of(Refusal.LATE, Refusal.EARLY, Refusal.NOT_CHOSEN, Refusal.UNKNOWN_ROUND);

    /** Refusals of a round that are logged at most, so that nobody can fill the log. */
    private static final int MAX_LOGGED = 10_000;

    private final ServerListener listener;
    private final Set<Logged> logged = new HashSet<>();

    private record Logged(MessageKey key, Refusal refusal) {}

    ServerEvents(ServerListener listener) {
        this.listener = listener;
    }

    void tell(Consumer<ServerListener> event) {
        try {
            event.accept(listener);
        } catch (RuntimeException e) {
            LOGGER.log(Level.WARNING, "a server's listener failed; the server goes on", e);
        }
    }

    /** A round has begun; the log starts anew. */
    void opened(RoundOpening opening) {
        logged.clear();
        tell(l -> l.opened(opening));
    }

    /** A message has been answered. */
    void received(Message message, Receipt receipt) {
        receipt.refusal().ifPresent(refusal -> log(message, refusal, receipt.reason()));
        if (message instanceof CentroidReport report) {
            tell(l -> l.received(report, receipt));
        } else if (message instanceof AdapterUpdate update) {
            tell(l -> l.received(update, receipt));
        } else if (message instanceof Withdrawal withdrawal) {
            if (receipt.counts()) {
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
        if (LOGGER.isLoggable(level) && logged.size() < MAX_LOGGED && logged.add(new Logged(key, refusal))) {
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
