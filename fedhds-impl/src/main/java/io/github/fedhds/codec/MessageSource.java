package io.github.fedhds.codec;

import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.safetensors.SafetensorsHeader;
import io.github.fedhds.message.MessageLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;

/** The bytes of one message, read from first to last. */
interface MessageSource {
    /** Number of unread bytes, or {@link SafetensorsHeader#UNKNOWN}. */
    long remaining();

    /** The first bytes: length, and header with the digest. */
    ByteBuffer head(MessageLimits limits);

    /** The next bytes, little-endian; an error if there are too few. */
    ByteBuffer take(int count);

    /** Rejects additional bytes and a wrong digest; returns the digest. */
    String end();

    /** Length of the header and the 8 bytes before it. */
    static int headBytes(long length, MessageLimits limits) {
        if (length < 2 || length > limits.headerBytes()) {
            throw new InvalidMessageException("the message's header must have 2 to " + limits.headerBytes()
                    + " bytes, says to have " + Long.toUnsignedString(length));
        }
        return (int) length + 8;
    }

    /** Bytes in memory: the digest is checked first. Numbers are not copied. */
    final class Memory implements MessageSource {
        private final ByteBuffer bytes;
        private String digest = "";

        Memory(ByteBuffer bytes) {
            this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        }

        @Override
        public long remaining() {
            return bytes.remaining();
        }

        @Override
        public ByteBuffer head(MessageLimits limits) {
            MessageChecks.check("bytes of the message", bytes.remaining(), limits.bytes());
            MessageDigest computed = SealedSafetensors.digest();
            String digits = SealedSafetensors.begin(bytes, computed);
            digest = SealedSafetensors.check(digits, computed);
            return take(headBytes(bytes.getLong(0), limits));
        }

        @Override
        public ByteBuffer take(int count) {
            if (count > bytes.remaining()) {
                throw new InvalidMessageException("the message has " + bytes.limit() + " bytes, it needs "
                        + (bytes.position() + (long) count) + "; was it cut off?");
            }
            ByteBuffer taken = bytes.slice(bytes.position(), count).order(ByteOrder.LITTLE_ENDIAN);
            bytes.position(bytes.position() + count);
            return taken;
        }

        @Override
        public String end() {
            return digest; // the header's ranges end where the bytes end
        }
    }

    /** Bytes of a stream: the digest is checked at the end, before the codec returns anything. */
    final class Stream implements MessageSource {
        private static final int AT_ONCE = 1 << 18;

        private final InputStream in;
        private final MessageDigest computed = SealedSafetensors.digest();
        private String digits = "";
        private long taken;

        Stream(InputStream in) {
            this.in = in;
        }

        @Override
        public long remaining() {
            return SafetensorsHeader.UNKNOWN;
        }

        @Override
        public ByteBuffer head(MessageLimits limits) {
            byte[] length = read(8, 0);
            int count = headBytes(
                    ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong(), limits);
            byte[] bytes = read(count - 8, 8);
            System.arraycopy(length, 0, bytes, 0, 8);
            ByteBuffer head = ByteBuffer.wrap(bytes);
            digits = SealedSafetensors.begin(head, computed);
            return head;
        }

        @Override
        public ByteBuffer take(int count) {
            byte[] bytes = read(count, 0);
            computed.update(bytes);
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        /** Reads {@code count} bytes after {@code free} unused ones; a large array grows only as bytes arrive. */
        private byte[] read(int count, int free) {
            try {
                byte[] bytes = new byte[free + Math.min(count, AT_ONCE)];
                int got = in.readNBytes(bytes, free, bytes.length - free);
                while (got < count && free + got == bytes.length) {
                    bytes = Arrays.copyOf(bytes, free + (int) Math.min(count, 2L * got));
                    got += in.readNBytes(bytes, free + got, bytes.length - free - got);
                }
                taken += got;
                if (got < count) {
                    throw new InvalidMessageException("the message ends after " + taken + " bytes, it needs "
                            + (taken + count - got) + "; was it cut off?");
                }
                return bytes;
            } catch (IOException e) {
                throw FileFault.of("a message", "cannot be read after " + taken + " bytes", e);
            }
        }

        @Override
        public String end() {
            try {
                if (in.read() >= 0) {
                    throw new InvalidMessageException(
                            "bytes follow after the message's last, which is number " + taken);
                }
            } catch (IOException e) {
                throw FileFault.of("a message", "cannot be read after " + taken + " bytes", e);
            }
            return SealedSafetensors.check(digits, computed);
        }
    }
}
