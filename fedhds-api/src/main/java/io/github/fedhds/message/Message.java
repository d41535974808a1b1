package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.util.Optional;

/**
 * A message between a client and the server. Each message has an address: run, round, client and kind. All messages are
 * immutable and safe for many threads.
 */
public sealed interface Message
        permits RoundOpening, CentroidReport, GroupSelection, AdapterUpdate, SumPart, Withdrawal, Receipt {
    /** Name of the run; empty in a receipt for bytes that could not be read. */
    String runId();

    /** Number of the round, from 1; 0 in a receipt for bytes that could not be read. */
    int round();

    /** The client that sent the message or is to receive it; empty for an opening, which is for all clients that it names. */
    Optional<ClientId> party();

    /** The kind of message. */
    MessageKind kind();

    /** The address. Two messages with equal keys and equal content are the same message, received twice. */
    default MessageKey key() {
        return new MessageKey(runId(), round(), party(), kind());
    }
}
