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
    /** A {@link SumPart}, client to server: its public keys. */
    KEYS,
    /** A {@link SumPart}, server to client: the keys of all clients of the sum. */
    KEY_LIST,
    /** A {@link SumPart}, client to server: shares of its secrets, sealed for others. */
    SHARES,
    /** A {@link SumPart}, server to client: the shares that others have sealed for it. */
    SHARE_LIST,
    /** A {@link SumPart}, client to server: its masked update. */
    MASKED_UPDATE,
    /** A {@link SumPart}, server to client: the clients whose masked updates arrived. */
    SURVIVORS,
    /** A {@link SumPart}, client to server: shares of the others' secrets, with which the masks are removed. */
    REVEALED_SHARES,
    /** A {@link Withdrawal}, client to server. */
    WITHDRAWAL,
    /** A {@link Receipt}: the server answers each message with one, a client only a message that it cannot act on. */
    RECEIPT
}
