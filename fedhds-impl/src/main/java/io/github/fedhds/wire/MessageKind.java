package io.github.fedhds.wire;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import java.util.Optional;

/** The kinds of messages, by the name that each has in its bytes. */
public enum MessageKind {
    /** A {@link RoundOpening}. */
    OPENING("opening", RoundOpening.class, false),
    /** A {@link CentroidReport}. */
    CENTROIDS("centroids", CentroidReport.class, true),
    /** A {@link GroupSelection}. */
    SELECTION("selection", GroupSelection.class, false),
    /** An {@link AdapterUpdate}. */
    UPDATE("update", AdapterUpdate.class, true),
    /** A {@link Receipt}. */
    RECEIPT("receipt", Receipt.class, false);

    private final String text;
    private final Class<? extends Message> type;
    private final boolean up;

    MessageKind(String text, Class<? extends Message> type, boolean up) {
        this.text = text;
        this.type = type;
        this.up = up;
    }

    /** The kind of a message. */
    public static MessageKind of(Message message) {
        for (MessageKind kind : values()) {
            if (kind.type.isInstance(message)) {
                return kind;
            }
        }
        throw new AssertionError("a kind is missing for " + message.getClass());
    }

    static Optional<MessageKind> named(String text) {
        for (MessageKind kind : values()) {
            if (kind.text.equals(text)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /** True for what a client sends to the server, false for what the server sends to a client. */
    public boolean isUp() {
        return up;
    }

    /** Whether its bytes may hold a tensor of that name. */
    boolean mayHold(String tensor) {
        return switch (this) {
            case OPENING ->
                AdapterTensors.isOne(tensor)
                        || tensor.equals(MessageForms.CLIENTS)
                        || tensor.equals(MessageForms.FRAME_MEAN)
                        || tensor.equals(MessageForms.FRAME_AXES);
            case CENTROIDS -> tensor.equals(MessageForms.GROUPS) || tensor.equals(MessageForms.POINTS);
            case SELECTION -> tensor.equals(MessageForms.GROUPS);
            case UPDATE -> AdapterTensors.isOne(tensor);
            case RECEIPT -> false;
        };
    }

    /** The name in its bytes. */
    @Override
    public String toString() {
        return text;
    }
}
