package io.github.fedhds.message;

import java.util.Objects;

/**
 * The reason why a message was refused, or why a client withdrew from a round. Later versions may add codes. An unknown code is
 * kept as received: treat it as any other refusal. Compare with {@code equals}.
 *
 * @param code lower-case words joined by hyphens, at most 64 characters
 */
public record Refusal(String code) implements Comparable<Refusal> {
    /** The message belongs to another run. */
    public static final Refusal UNKNOWN_RUN = new Refusal("unknown-run");

    /** The message belongs to a round that the receiver does not know. For a server: was it restored to an earlier state? For a
     * client: send the opening again. */
    public static final Refusal UNKNOWN_ROUND = new Refusal("unknown-round");

    /** The round, or the step of the round, is already closed. */
    public static final Refusal LATE = new Refusal("late");

    /** An adapter that arrived before the groups were chosen; send it again after the selection. */
    public static final Refusal EARLY = new Refusal("early");

    /** The client is not registered, or the message is for another client. */
    public static final Refusal UNKNOWN_CLIENT = new Refusal("unknown-client");

    /** The client is registered, but this round does not name it. */
    public static final Refusal NOT_IN_ROUND = new Refusal("not-in-round");

    /** A different message of this kind was already accepted from this client in this round, and that one counts. */
    public static final Refusal CONFLICTING = new Refusal("conflicting");

    /** An adapter of a client none of whose groups was chosen. */
    public static final Refusal NOT_CHOSEN = new Refusal("not-chosen");

    /** The report has more centroids than the server accepts from one client. */
    public static final Refusal TOO_MANY = new Refusal("too-many");

    /** The group numbers of the centroids are not 0, 1, 2 and so on. */
    public static final Refusal WRONG_GROUPS = new Refusal("wrong-groups");

    /** A tensor or a centroid has a shape that differs from this run's. */
    public static final Refusal WRONG_SHAPE = new Refusal("wrong-shape");

    /** A tensor of this run is missing, or there is a tensor that this run does not have. */
    public static final Refusal WRONG_NAMES = new Refusal("wrong-names");

    /** A value is NaN or infinite. */
    public static final Refusal NOT_FINITE = new Refusal("not-finite");

    /** The adapter is farther from the global adapter, or a centroid farther from zero, than the server accepts. */
    public static final Refusal TOO_FAR = new Refusal("too-far");

    /** The number of samples is below 1, or above what the server accepts. */
    public static final Refusal SAMPLES = new Refusal("samples");

    /** The aggregator refused the update. */
    public static final Refusal RULE = new Refusal("rule");

    /** The aggregator failed, so this round cannot give an adapter; or the client failed. */
    public static final Refusal FAILED = new Refusal("failed");

    /** The receiver does not accept this kind of message, such as an opening sent to a server. */
    public static final Refusal WRONG_KIND = new Refusal("wrong-kind");

    /** The bytes are not a message that the receiver can read. */
    public static final Refusal UNREADABLE = new Refusal("unreadable");

    /** The client's settings differ from those of the opening. */
    public static final Refusal SETTINGS_DIFFER = new Refusal("settings-differ");

    /** The selection answers a different report: the client's data or software changed in between. */
    public static final Refusal OTHER_REPORT = new Refusal("other-report");

    /** The message answers an earlier opening or selection of this round: the server was restarted since. */
    public static final Refusal OUTDATED = new Refusal("outdated");

    /** The client's privacy budget does not suffice for an answer. */
    public static final Refusal BUDGET_SPENT = new Refusal("budget-spent");

    /** A part of a secure sum that does not fit it, or that would reveal more than the sum. */
    public static final Refusal SECURE_SUM = new Refusal("secure-sum");

    /** Nothing was trained: every chosen sample, or every step, was left out. */
    public static final Refusal NOTHING_TRAINED = new Refusal("nothing-trained");

    private static final int MAX_CODE = 64;

    public Refusal {
        Objects.requireNonNull(code, "code");
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
