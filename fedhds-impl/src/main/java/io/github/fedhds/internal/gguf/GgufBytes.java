package io.github.fedhds.internal.gguf;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads a file's header from the start, with a buffer of fixed size. For one thread. */
final class GgufBytes {
    /** Longest string of the metadata, in bytes: a whole tokenizer.json may be one. */
    static final int MAX_STRING = 1 << 26;

    /** Largest number of elements of an array: far more than the tokens of any vocabulary. */
    static final int MAX_ELEMENTS = 1 << 24;

    private final FileChannel channel;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    private long bufferEnd; // position in the file

    GgufBytes(FileChannel channel) throws IOException {
        this.channel = channel;
        this.size = channel.size();
        buffer.limit(0);
    }

    long size() {
        return size;
    }

    long position() {
        return bufferEnd - buffer.remaining();
    }

    long left() {
        return size - position();
    }

    byte int8() throws IOException {
        return need(1).get();
    }

    short int16() throws IOException {
        return need(2).getShort();
    }

    int int32() throws IOException {
        return need(4).getInt();
    }

    long int64() throws IOException {
        return need(8).getLong();
    }

    /**
     * A string with its length before it.
     *
     * @param what name in errors
     * @param most largest number of bytes
     */
    String string(String what, int most) throws IOException {
        long length = int64();
        if (length < 0 || length > Math.min(most, left())) {
            throw new IllegalArgumentException(what + " must have 0 to " + Math.min(most, left()) + " bytes, was "
                    + Long.toUnsignedString(length));
        }
        byte[] bytes = new byte[(int) length];
        for (int done = 0; done < bytes.length; ) {
            int next = Math.min(bytes.length - done, buffer.capacity());
            need(next).get(bytes, done, next);
            done += next;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(what + " is not UTF-8", e);
        }
    }

    /** The buffer with at least so many bytes. */
    private ByteBuffer need(int count) throws IOException {
        if (buffer.remaining() < count) {
            buffer.compact();
            while (buffer.position() < count) {
                int read = channel.read(buffer, bufferEnd);
                if (read < 0) {
                    throw new EOFException();
                }
                bufferEnd += read;
            }
            buffer.flip();
        }
        return buffer;
    }
}
