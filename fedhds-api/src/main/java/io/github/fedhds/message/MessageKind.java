package io.github.fedhds.message;

/** The kinds of messages. */
public enum MessageKind {
    /** A {@link RoundOpening}, server to clients. */
    OPENING,
    /** A {@link CentroidReport}, client to server. */
    CENTROIDS,
    /** A {@link GroupSelection}, server to client. */
    SELECTION,
    /** An {@link AdapterUpdate}, client to server. */
    UPDATE,
    /** A {@link Withdrawal}, client to server. */
    WITHDRAWAL,
    /** A {@link Receipt}: the server answers each message with one, a client only a message that it cannot act on. */
    RECEIPT
}
