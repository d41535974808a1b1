package io.github.fedhds.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.common.base.Suppliers;
import com.google.common.hash.Hashing;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.json.JsonFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Converts text to token ids and back, by a folder's {@code tokenizer.json}. Safe for many threads; a call after
 * closing throws an IllegalStateException.
 */
public final class Tokenizer implements AutoCloseable {
    private final Path file;
    private final HuggingFaceTokenizer tokenizer;
    private final Optional<int[]> beginning;
    private final Supplier<String> digest;
    private volatile boolean closed;

    private Tokenizer(Path file, HuggingFaceTokenizer tokenizer, Optional<int[]> beginning, byte[] text) {
        this.file = file;
        this.tokenizer = tokenizer;
        this.beginning = beginning;
        this.digest = Suppliers.memoize(() -> Hashing.sha256()
                .newHasher()
                .putString(beginning.map(Arrays::toString).orElse("template") + "\n", StandardCharsets.UTF_8)
                .putBytes(text)
                .hash()
                .toString());
    }

    /**
     * Loads {@code tokenizer.json}, and, if they are present, reads from {@code tokenizer_config.json} and
     * {@code special_tokens_map.json} whether a text begins with the BOS token. For a GGUF file it makes the same from the
     * file's vocabulary.
     *
     * @throws FedHdsException if a file is missing or damaged, or the native library cannot be loaded; the message
     *     names the file, or the folder for native libraries and the setting that changes it. Encoding and decoding
     *     throw it too if the file cannot handle a text
     */
    public static Tokenizer load(Path folder) {
        if (GgufFile.isGguf(folder)) {
            try (GgufFile gguf = GgufFile.open(folder)) { // its own template has the BOS token
                return load(
                        folder, () -> TokenizerFile.of(folder, GgufTokenizer.read(gguf)), checked -> Optional.empty());
            }
        }
        Path file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        return load(file, () -> TokenizerFile.read(file), checked -> BosToken.read(folder, checked));
    }

    private static Tokenizer load(
            Path file, Supplier<TokenizerFile> read, Function<TokenizerFile, Optional<int[]>> bos) {
        TorchRuntime.prepare();
        try {
            TokenizerFile checked = read.get();
            Optional<int[]> beginning = bos.apply(checked);
            byte[] text = checked.bytes();
            // Without these options the library cuts at 512 tokens.
            Map<String, String> options = Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
            InputStream in = new ByteArrayInputStream(text);
            return new Tokenizer(file, HuggingFaceTokenizer.newInstance(in, options), beginning, text);
        } catch (FedHdsException e) {
            throw e;
        } catch (EngineException | LinkageError e) {
            throw TorchRuntime.noNativeLibrary("the tokenizer's native library", "ai.djl.huggingface:tokenizers", e);
        } catch (IOException | RuntimeException e) {
            throw fault(file, "cannot be read", e);
        }
    }

    private static FedHdsException fault(Path file, String what, Exception cause) {
        return new FedHdsException(file + ": " + what + ": " + JsonFile.shorten(cause.getMessage()), cause);
    }

    /**
     * Ids of a text, after the special tokens that the model expects before it, such as BOS. Tokens that a template
     * adds after a text are left out, because an answer follows, which ends with the EOS id.
     */
    public int[] encode(String text) {
        if (beginning.isEmpty()) {
            return encode(text, true);
        }
        int[] before = beginning.get();
        int[] plain = encode(text, false);
        int[] ids = Arrays.copyOf(before, before.length + plain.length);
        System.arraycopy(plain, 0, ids, before.length, plain.length);
        return ids;
    }

    /** Ids of a text that continues another one: no special tokens. */
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

    /** Replaces each unpaired surrogate by U+FFFD; otherwise native code would damage every emoji in the text. */
    private static String whole(String text) {
        if (text.codePoints().noneMatch(Tokenizer::isHalf)) {
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

    /** Text of ids, without special tokens. */
    public String decode(int[] ids) {
        HuggingFaceTokenizer opened = open();
        try {
            return opened.decode(Arrays.stream(ids).asLongStream().toArray(), true);
        } catch (RuntimeException e) {
            throw fault(file, "cannot decode ids", e);
        }
    }

    /**
     * SHA-256, in hexadecimal, over everything that the ids of a text depend on: {@code tokenizer.json} without
     * truncation, padding, dropout and formatting, and the BOS token. Two processes with equal digests produce equal
     * ids. Computed on the first call.
     */
    public String digest() {
        return digest.get();
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
