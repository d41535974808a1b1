package io.github.fedhds.codec;

import io.github.fedhds.message.Message;

/**
 * A message with the digest and the length of its bytes. Immutable, safe for many threads.
 *
 * @param message the message
 * @param digest SHA-256 of the bytes in hexadecimal, checked; equal messages from this library have equal digests
 * @param bytes length of the byte form
 */
public record ReceivedMessage(Message message, String digest, long bytes) {
    /**
     * The message, cast to its kind.
     *
     * @throws InvalidMessageException if it is of another kind
     */
    public <M extends Message> M as(Class<M> type) {
        if (!type.isInstance(message)) {
            throw new InvalidMessageException("expected a " + type.getSimpleName() + ", the message is a "
                    + message.getClass().getSimpleName());
        }
        return type.cast(message);
    }
}
