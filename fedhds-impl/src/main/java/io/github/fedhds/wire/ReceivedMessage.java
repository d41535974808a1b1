package io.github.fedhds.wire;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.RoundOpening;
import java.util.Optional;

/**
 * A message with what only its bytes tell. Immutable, safe for many threads.
 *
 * @param message the message
 * @param attempt from 1, as the sender counts
 * @param digest SHA-256 of the bytes in hexadecimal, checked: of two deliveries the same one is the same bytes. Equal messages
 *     have equal digests where this library wrote them
 * @param bytes length of the byte form
 */
public record ReceivedMessage(Message message, int attempt, String digest, long bytes) {
    /** What it is. */
    public MessageKind kind() {
        return MessageKind.of(message);
    }

    /**
     * The message, as one of a kind.
     *
     * @throws InvalidMessageException if it is of another kind
     */
    public <M extends Message> M as(Class<M> type) {
        if (!type.isInstance(message)) {
            throw new InvalidMessageException("expected a " + type.getSimpleName() + ", the message is a "
                    + message.getClass().getSimpleName());
        }
        return type.cast(message);
    }

    /** What makes another delivery the same message; empty for a receipt, which belongs to the message that it answers. */
    public Optional<MessageKey> key() {
        if (message instanceof RoundOpening m) {
            return Optional.of(new MessageKey(m.runId(), m.round(), Optional.empty(), kind(), attempt));
        } else if (message instanceof CentroidReport m) {
            return Optional.of(new MessageKey(m.runId(), m.round(), Optional.of(m.client()), kind(), attempt));
        } else if (message instanceof GroupSelection m) {
            return Optional.of(new MessageKey(m.runId(), m.round(), Optional.of(m.client()), kind(), attempt));
        } else if (message instanceof AdapterUpdate m) {
            return Optional.of(new MessageKey(m.runId(), m.round(), Optional.of(m.client()), kind(), attempt));
        }
        return Optional.empty();
    }
}
