package io.github.fedhds.message;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** SHA-256 over the fields of a message, each preceded by its length, so that different fields never give equal input. */
final class MessageDigests {
    private final MessageDigest digest;

    MessageDigests() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    MessageDigests text(String text) {
        return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    MessageDigests bytes(byte[] bytes) {
        number(bytes.length);
        digest.update(bytes);
        return this;
    }

    MessageDigests number(long number) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, number));
        return this;
    }

    MessageDigests numbers(double[] numbers) {
        number(numbers.length);
        ByteBuffer bytes = ByteBuffer.allocate(Double.BYTES * numbers.length);
        for (double number : numbers) {
            bytes.putDouble(number);
        }
        digest.update(bytes.flip());
        return this;
    }

    MessageDigests numbers(float[] numbers) {
        number(numbers.length);
        for (float number : numbers) {
            digest.update(ByteBuffer.allocate(Float.BYTES).putFloat(0, number));
        }
        return this;
    }

    MessageDigests texts(Map<String, String> texts) {
        number(texts.size());
        new TreeMap<>(texts).forEach((name, value) -> text(name).text(value));
        return this;
    }

    String hexadecimal() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
