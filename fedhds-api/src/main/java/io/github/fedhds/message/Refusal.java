package io.github.fedhds.message;

/**
 * Why a message does not count, or why a client takes no part in a round. A later version may know more codes: a code that
 * is not one of the constants here is kept as it came, so treat an unknown one as any other refusal. Compare with
 * {@code equals}.
 *
 * @param code lower-case words joined by hyphens, at most 64 characters
 */
public record Refusal(String code) implements Comparable<Refusal> {
    /** It belongs to another run. */
    public static final Refusal UNKNOWN_RUN = new Refusal("unknown-run");

    /** It belongs to a round that the receiver does not know. A server: was it put back to an earlier state? A client: send the opening again. */
    public static final Refusal UNKNOWN_ROUND = new Refusal("unknown-round");

    /** Its round or its step of the round is over. */
    public static final Refusal LATE = new Refusal("late");

    /** An adapter before the groups are chosen: send it again after the selection. */
    public static final Refusal EARLY = new Refusal("early");

    /** The client is not registered, or the message is for another client. */
    public static final Refusal UNKNOWN_CLIENT = new Refusal("unknown-client");

    /** The client is registered, but this round does not name it. */
    public static final Refusal NOT_IN_ROUND = new Refusal("not-in-round");

    /** Another message of this kind was accepted from this client in this round; that one counts. */
    public static final Refusal CONFLICTING = new Refusal("conflicting");

    /** An adapter of a client none of whose groups was chosen. */
    public static final Refusal NOT_CHOSEN = new Refusal("not-chosen");

    /** More centroids than the server takes of a client. */
    public static final Refusal TOO_MANY = new Refusal("too-many");

    /** The centroids' groups are not 0, 1, 2 and so on. */
    public static final Refusal WRONG_GROUPS = new Refusal("wrong-groups");

    /** A tensor, or a centroid, has another shape than this run's. */
    public static final Refusal WRONG_SHAPE = new Refusal("wrong-shape");

    /** A tensor is missing, or one is there that this run does not have. */
    public static final Refusal WRONG_NAMES = new Refusal("wrong-names");

    /** A NaN or an infinity. */
    public static final Refusal NOT_FINITE = new Refusal("not-finite");

    /** The adapter is farther from the global one, or a centroid from zero, than the server takes. */
    public static final Refusal TOO_FAR = new Refusal("too-far");

    /** Less than 1 sample, or more than the server takes. */
    public static final Refusal SAMPLES = new Refusal("samples");

    /** The aggregator does not take it. */
    public static final Refusal RULE = new Refusal("rule");

    /** The aggregator has failed in this round, which cannot give an adapter any more; or a client's own work has failed. */
    public static final Refusal FAILED = new Refusal("failed");

    /** The receiver does not take messages of this kind: an opening sent to a server, an adapter sent to a client. */
    public static final Refusal WRONG_KIND = new Refusal("wrong-kind");

    /** The bytes are no message that the receiver can read. */
    public static final Refusal UNREADABLE = new Refusal("unreadable");

    /** The client's settings differ from those that the opening asks for. */
    public static final Refusal SETTINGS_DIFFER = new Refusal("settings-differ");

    /** The selection answers another report than the client's: its data or its software changed in between. */
    public static final Refusal OTHER_REPORT = new Refusal("other-report");

    /** It answers another opening of this round, or another selection: the server was started again since. */
    public static final Refusal OUTDATED = new Refusal("outdated");

    /** Nothing could be trained: every chosen sample, or every step, was left out. */
    public static final Refusal NOTHING_TRAINED = new Refusal("nothing-trained");

    private static final int MAX_CODE = 64;

    public Refusal {
        if (!isCode(code)) {
            throw new IllegalArgumentException("a refusal's code has 1 to " + MAX_CODE
                    + " lower-case letters, digits and hyphens, was \""
                    + Receipt.printable(code.substring(0, Math.min(code.length(), MAX_CODE))) + "\"");
        }
    }

    private static boolean isCode(String code) {
        return !code.isEmpty()
                && code.length() <= MAX_CODE
                && code.chars().allMatch(c -> c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-');
    }

    @Override
    public int compareTo(Refusal other) {
        return code.compareTo(other.code);
    }

    /** The code. */
    @Override
    public String toString() {
        return code;
    }
}
