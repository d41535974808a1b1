package io.github.fedhds.message;

import java.util.Optional;

/**
 * The server's answer to a message.
 *
 * @param status what became of the message
 * @param refusal why it was refused, for programs; empty otherwise
 * @param reason why it was refused, for people; empty otherwise. Names in it are the sender's: characters that a console or
 *     a log would obey (controls, line ends, directions) become '?', and it is cut to {@value #MOST_REASON} characters
 */
public record Receipt(Status status, Optional<Refusal> refusal, String reason) implements Message {
    public Receipt {
        if (refusal.isPresent() != (status == Status.REFUSED)) {
            throw new IllegalArgumentException(
                    "a receipt names a refusal if it refuses and only then, was " + status + " with " + refusal);
        }
        reason = printable(reason);
    }

    /** Most characters of a reason. */
    public static final int MOST_REASON = 1000;

    private static String printable(String reason) {
        StringBuilder text = new StringBuilder(Math.min(reason.length(), MOST_REASON));
        for (int i = 0; i < reason.length(); ) {
            int c = reason.codePointAt(i);
            i += Character.charCount(c);
            if (text.length() + Character.charCount(c) > MOST_REASON) {
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

    /** What became of a message. */
    public enum Status {
        /** It counts. */
        ACCEPTED,
        /** The same message had come before; it counts once. */
        ALREADY_HAD,
        /** It does not count; the round goes on without it. */
        REFUSED
    }

    /** Why a message does not count. What came and was accepted before it counts all the same. */
    public enum Refusal {
        /** It is of another run. */
        UNKNOWN_RUN,
        /** It is of a round that this server has not opened; has the server been put back to an earlier state? */
        UNKNOWN_ROUND,
        /** Its round or its step of the round is over. */
        LATE,
        /** An adapter, before the groups are chosen: send it again after the selection. */
        EARLY,
        /** The sender is not on the roster. */
        UNKNOWN_CLIENT,
        /** The sender is on the roster, but this round does not name it. */
        NOT_IN_ROUND,
        /** Another message of this kind was accepted from this client in this round; that one counts. */
        CONFLICTING,
        /** An adapter of a client none of whose groups was chosen. */
        NOT_CHOSEN,
        /** More centroids than the server takes of a client. */
        TOO_MANY,
        /** The centroids' groups are not 0, 1, 2 and so on. */
        WRONG_GROUPS,
        /** A tensor, or a centroid, has another shape than this run's. */
        WRONG_SHAPE,
        /** A tensor is missing, or one is there that this run does not have. */
        WRONG_NAMES,
        /** A NaN or an infinity. */
        NOT_FINITE,
        /** The adapter is farther from the global one, or a centroid from zero, than the server takes. */
        TOO_FAR,
        /** Less than 1 sample, or more than the server takes. */
        SAMPLES,
        /** The aggregator does not take it. */
        RULE,
        /** The aggregator has failed in this round, which can come to nothing any more. */
        FAILED
    }

    public static Receipt accepted() {
        return new Receipt(Status.ACCEPTED, Optional.empty(), "");
    }

    public static Receipt alreadyHad() {
        return new Receipt(Status.ALREADY_HAD, Optional.empty(), "");
    }

    public static Receipt refused(Refusal refusal, String reason) {
        return new Receipt(Status.REFUSED, Optional.of(refusal), reason);
    }

    /** True unless refused. */
    public boolean counts() {
        return status != Status.REFUSED;
    }
}
