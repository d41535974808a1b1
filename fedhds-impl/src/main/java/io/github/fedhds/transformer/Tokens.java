package io.github.fedhds.transformer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Text to token ids and back, by a folder's {@code tokenizer.json}. Safe for many threads; a call after closing is an
 * IllegalStateException.
 */
public final class Tokens implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;
    private volatile boolean closed;

    private Tokens(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Loads {@code tokenizer.json}. */
    public static Tokens load(Path folder) {
        TorchRuntime.prepare();
        Path file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        try {
            return new Tokens(HuggingFaceTokenizer.builder()
                    .optTokenizerPath(file)
                    .optTruncation(false) // its default cuts at 512 tokens
                    .optPadding(false)
                    .optAddSpecialTokens(true)
                    .build());
        } catch (IOException | RuntimeException e) {
            throw new FedHdsException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Ids of a text with the special tokens that the model wants around it, such as the beginning-of-text. */
    public int[] encode(String text) {
        return ints(open().encode(text, true, false).getIds());
    }

    /** Ids of a text that goes on after another one: no special tokens. */
    public int[] encodePlain(String text) {
        return ints(open().encode(text, false, false).getIds());
    }

    /** Text of ids, special tokens left out. */
    public String decode(int[] ids) {
        return open().decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /** Text of ids, special tokens left out. */
    public String decode(List<Integer> ids) {
        return decode(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    private static int[] ints(long[] ids) {
        return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
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
