package io.github.fedhds.message;

/**
 * The server's answer to a message.
 *
 * @param status what became of the message
 * @param reason why it was refused; empty otherwise
 */
public record Receipt(Status status, String reason) implements Message {
    /** What became of a message. */
    public enum Status {
        /** It counts. */
        ACCEPTED,
        /** The same message had come before; it counts once. */
        ALREADY_HAD,
        /** It does not count; the round goes on without it. */
        REFUSED
    }

    public static Receipt accepted() {
        return new Receipt(Status.ACCEPTED, "");
    }

    public static Receipt alreadyHad() {
        return new Receipt(Status.ALREADY_HAD, "");
    }

    public static Receipt refused(String reason) {
        return new Receipt(Status.REFUSED, reason);
    }

    /** True unless refused. */
    public boolean counts() {
        return status != Status.REFUSED;
    }
}
