package io.github.fedhds.transformer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.JsonFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Text to token ids and back, by a folder's {@code tokenizer.json}. Safe for many threads; a call after closing is an
 * IllegalStateException.
 */
public final class Tokens implements AutoCloseable {
    private final Path file;
    private final HuggingFaceTokenizer tokenizer;
    private volatile boolean closed;

    private Tokens(Path file, HuggingFaceTokenizer tokenizer) {
        this.file = file;
        this.tokenizer = tokenizer;
    }

    /**
     * Loads {@code tokenizer.json}.
     *
     * @throws FedHdsException if it is missing or damaged; the message names the file. Encoding and decoding give the same
     *     where the file turns out to be of no use for a text
     */
    public static Tokens load(Path folder) {
        TorchRuntime.prepare();
        Path file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        try {
            InputStream text = new ByteArrayInputStream(TokenizerFile.read(file).getBytes(StandardCharsets.UTF_8));
            // Without these options it cuts at 512 tokens.
            Map<String, String> options = Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
            return new Tokens(file, HuggingFaceTokenizer.newInstance(text, options));
        } catch (FedHdsException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw fault(file, "cannot be read", e);
        }
    }

    private static FedHdsException fault(Path file, String what, Exception cause) {
        return new FedHdsException(file + ": " + what + ": " + JsonFile.shorten(cause.getMessage()), cause);
    }

    /** Ids of a text with the special tokens that the model wants around it, such as the beginning-of-text. */
    public int[] encode(String text) {
        return encode(text, true);
    }

    /** Ids of a text that goes on after another one: no special tokens. */
    public int[] encodePlain(String text) {
        return encode(text, false);
    }

    private int[] encode(String text, boolean special) {
        HuggingFaceTokenizer opened = open();
        try {
            return Arrays.stream(opened.encode(whole(text), special, false).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        } catch (RuntimeException e) {
            throw fault(file, "cannot encode a text", e);
        }
    }

    /** With U+FFFD for each half of a surrogate pair: native code would damage every emoji of such a text. */
    private static String whole(String text) {
        if (text.codePoints().noneMatch(Tokens::isHalf)) {
            return text;
        }
        return text.codePoints()
                .map(code -> isHalf(code) ? 0xFFFD : code)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static boolean isHalf(int code) {
        return code >= Character.MIN_SURROGATE && code <= Character.MAX_SURROGATE;
    }

    /** Text of ids, special tokens left out. */
    public String decode(int[] ids) {
        HuggingFaceTokenizer opened = open();
        try {
            return opened.decode(Arrays.stream(ids).asLongStream().toArray(), true);
        } catch (RuntimeException e) {
            throw fault(file, "cannot decode ids", e);
        }
    }

    /** Text of ids, special tokens left out. */
    public String decode(List<Integer> ids) {
        return decode(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    private HuggingFaceTokenizer open() {
        if (closed) {
            throw new IllegalStateException("this tokenizer was closed, with its model; load it again");
        }
        return tokenizer;
    }

    @Override
    public void close() {
        closed = true;
        tokenizer.close();
    }
}
