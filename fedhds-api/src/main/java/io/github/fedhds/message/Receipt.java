package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.util.Objects;
import java.util.Optional;

/**
 * Says whether a message was accepted. The server answers each message with a receipt. A client sends one only for a message that it
 * cannot act on. A receipt is never answered.
 *
 * <p>A receipt is valid as long as the server process that sent it. If a server restarts and opens the same round again,
 * the clients send their messages again.
 *
 * @param runId run of the message; empty if it could not be read
 * @param round round of the message; 0 if it could not be read
 * @param party the client that sent the message or received it; empty if it could not be read
 * @param answers kind of the message; empty if it could not be read
 * @param status accepted, already accepted before, or refused
 * @param refusal why it was refused, for programs; empty otherwise
 * @param reason why it was refused, for people; empty otherwise. Control characters (also line ends and text
 *     directions) are replaced by '?', and it is cut to {@value #MAX_REASON} characters
 */
public record Receipt(
        String runId,
        int round,
        Optional<ClientId> party,
        Optional<MessageKind> answers,
        Status status,
        Optional<Refusal> refusal,
        String reason)
        implements Message {
    /** Largest number of characters of a reason. */
    public static final int MAX_REASON = 1000;

    public Receipt {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(party, "party");
        Objects.requireNonNull(answers, "answers");
        Objects.requireNonNull(status, "status");
        Objects.requireNonNull(refusal, "refusal");
        Objects.requireNonNull(reason, "reason");
        if (refusal.isPresent() != (status == Status.REFUSED)) {
            throw new IllegalArgumentException(
                    "a receipt names a refusal if it refuses and only then, was " + status + " with " + refusal);
        }
        reason = printable(reason);
    }

    /** Whether a message was accepted. */
    public enum Status {
        /** The message counts. */
        ACCEPTED,
        /** The same message was accepted before; it counts once. */
        ALREADY_HAD,
        /** The message does not count; the round continues without it. */
        REFUSED
    }

    /** The message counts. */
    public static Receipt accepted(Message message) {
        return new Receipt(message, Status.ACCEPTED, Optional.empty(), "");
    }

    /** The same message was accepted before. */
    public static Receipt alreadyHad(Message message) {
        return new Receipt(message, Status.ALREADY_HAD, Optional.empty(), "");
    }

    /** The message does not count. */
    public static Receipt refused(Message message, Refusal refusal, String reason) {
        return new Receipt(message, Status.REFUSED, Optional.of(refusal), reason);
    }

    /** Bytes that could not be read as a message; {@code answers} is their address as far as it is known. */
    public static Receipt unreadable(Optional<MessageKey> answers, String reason) {
        return new Receipt(
                answers.map(MessageKey::runId).orElse(""),
                answers.map(MessageKey::round).orElse(0),
                answers.flatMap(MessageKey::client),
                answers.map(MessageKey::kind),
                Status.REFUSED,
                Optional.of(Refusal.UNREADABLE),
                reason);
    }

    private Receipt(Message message, Status status, Optional<Refusal> refusal, String reason) {
        this(message.runId(), message.round(), message.party(), Optional.of(message.kind()), status, refusal, reason);
    }

    /** This receipt with a client, for an answer to an opening, which names several. */
    public Receipt withParty(ClientId client) {
        return new Receipt(runId, round, Optional.of(client), answers, status, refusal, reason);
    }

    /** True if this receipt is the first for an accepted message; a copy of the message gets {@link Status#ALREADY_HAD}. */
    public boolean counts() {
        return status == Status.ACCEPTED;
    }

    /** True if the message does not count. */
    public boolean isRefused() {
        return status == Status.REFUSED;
    }

    @Override
    public MessageKind kind() {
        return MessageKind.RECEIPT;
    }

    static String printable(String reason) {
        StringBuilder text = new StringBuilder(Math.min(reason.length(), MAX_REASON));
        for (int i = 0; i < reason.length(); ) {
            int c = reason.codePointAt(i);
            i += Character.charCount(c);
            if (text.length() + Character.charCount(c) > MAX_REASON) {
                break;
            }
            text.appendCodePoint(isPrintable(c) ? c : '?');
        }
        return text.toString();
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
