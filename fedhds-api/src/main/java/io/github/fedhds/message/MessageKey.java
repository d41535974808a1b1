package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.util.Objects;
import java.util.Optional;

/**
 * Address of a message. A server accepts one message per key. Equal content is acknowledged again; different content under
 * the key of an accepted message is refused. The number of attempts is not part of the key: it belongs to the transport.
 *
 * @param runId name of the run; empty if it is not known
 * @param round number, from 1; 0 if it is not known
 * @param client sender or receiver; empty for an opening, which is for all clients that it names
 * @param kind kind of the message
 */
public record MessageKey(String runId, int round, Optional<ClientId> client, MessageKind kind) {
    public MessageKey {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(kind, "kind");
    }
}
