package io.github.fedhds.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.common.base.Suppliers;
import com.google.common.hash.Hashing;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.ChatTemplate;
import io.github.fedhds.instruction.PromptPart;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.model.DecoderConfig;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Converts text to token ids and back, by a folder's {@code tokenizer.json}. Safe for many threads; a call after
 * closing throws an IllegalStateException.
 */
public final class Tokenizer implements AutoCloseable {
    private static final String CONFIG = "tokenizer_config.json";

    private final Path file;
    private final HuggingFaceTokenizer tokenizer;
    private final Optional<int[]> beginning;
    private final LiteralTokens literal;
    private final ModelTemplate template;
    private final @Nullable EosToken eos;
    private final Supplier<String> digest;
    private volatile boolean closed;

    /** The EOS token that {@code tokenizer_config.json} names. */
    private record EosToken(String text, int id) {}

    private Tokenizer(
            Path file,
            TokenizerFile checked,
            byte[] text,
            Optional<int[]> beginning,
            Optional<String> eos,
            ModelTemplate template)
            throws IOException {
        this.file = file;
        this.tokenizer = open(text);
        this.beginning = beginning;
        this.literal = new LiteralTokens(file, text, checked.specialTokens());
        this.template = template;
        OptionalInt eosId = eos.map(checked::id).orElse(OptionalInt.empty());
        this.eos = eosId.isPresent() ? new EosToken(eos.orElseThrow(), eosId.getAsInt()) : null;
        this.digest = Suppliers.memoize(() -> Hashing.sha256()
                .newHasher()
                .putString(beginning.map(Arrays::toString).orElse("template") + "\n", StandardCharsets.UTF_8)
                .putBytes(text)
                .hash()
                .toString());
    }

    /**
     * Loads {@code tokenizer.json}, and, if they are present, reads from {@code tokenizer_config.json} and
     * {@code special_tokens_map.json} whether a text begins with the BOS token, and the chat template. For a GGUF file it makes the same from the
     * file's vocabulary.
     *
     * @throws FedHdsException if a file is missing or damaged, or the native library cannot be loaded; the message
     *     names the file, or the folder for native libraries and the setting that changes it. Encoding and decoding
     *     throw it too if the file cannot handle a text
     */
    public static Tokenizer load(Path folder) {
        return load(folder, Optional.empty());
    }

    /**
     * The same with an own {@code tokenizer.json} in place of a GGUF file's vocabulary. {@code tokenizer_config.json},
     * {@code special_tokens_map.json} and {@code chat_template.jinja} beside it are read as in a folder; what they do not
     * say is the GGUF file's: the chat template, and, without {@code tokenizer_config.json}, the BOS token.
     *
     * @param own the file; empty: the vocabulary of the model
     * @throws FedHdsException also if the model is a folder, or the file's tokens are not those of the model
     */
    public static Tokenizer load(Path folder, Optional<Path> own) {
        if (GgufFile.isGguf(folder)) {
            try (GgufFile gguf = GgufFile.open(folder)) {
                return own.isPresent()
                        ? loadBeside(gguf, own.get())
                        : load(
                                folder,
                                () -> TokenizerFile.of(folder, GgufTokenizer.read(gguf)),
                                checked -> Optional.empty(),
                                Optional.empty(),
                                ModelTemplate.of(gguf));
            }
        }
        own.ifPresent(file -> {
            throw new FedHdsException("the tokenizer " + file + " cannot be used with " + folder
                    + ": an own tokenizer is for GGUF files; a folder has its tokenizer.json");
        });
        Path file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        return load(
                file,
                () -> TokenizerFile.read(file),
                checked -> BosToken.read(folder, checked),
                BosToken.eosToken(folder),
                ModelTemplate.read(folder));
    }

    private static Tokenizer loadBeside(GgufFile gguf, Path own) {
        Path beside = own.resolveSibling("");
        ModelTemplate template = ModelTemplate.read(beside);
        return load(
                own,
                () -> GgufTokenizer.checked(gguf, TokenizerFile.read(own)),
                checked -> Files.isRegularFile(own.resolveSibling(CONFIG))
                        ? BosToken.read(beside, checked)
                        : GgufTokenizer.bos(gguf, checked),
                BosToken.eosToken(beside),
                template.source().isBlank() ? ModelTemplate.of(gguf) : template);
    }

    /**
     * The prompt template that a model folder or a GGUF file was published with, without loading its tokenizer: see
     * {@link #promptTemplate()}.
     */
    public static PromptTemplate promptTemplate(Path model) {
        return ModelTemplate.read(model).template();
    }

    private static Tokenizer load(
            Path file,
            Supplier<TokenizerFile> read,
            Function<TokenizerFile, Optional<int[]>> bos,
            Optional<String> eos,
            ModelTemplate template) {
        TorchRuntime.prepare();
        try {
            TokenizerFile checked = read.get();
            Optional<int[]> beginning = bos.apply(checked);
            byte[] text = checked.bytes();
            return new Tokenizer(file, checked, text, beginning, eos, template);
        } catch (FedHdsException e) {
            throw e;
        } catch (EngineException | LinkageError e) {
            throw TorchRuntime.noNativeLibrary("the tokenizer's native library", "ai.djl.huggingface:tokenizers", e);
        } catch (IOException | RuntimeException e) {
            throw fault(file, "cannot be read", e);
        }
    }

    static HuggingFaceTokenizer open(byte[] text) throws IOException {
        // Without these options the library cuts at 512 tokens.
        Map<String, String> options = Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
        InputStream in = new ByteArrayInputStream(text);
        return HuggingFaceTokenizer.newInstance(in, options);
    }

    private static FedHdsException fault(Path file, String what, Exception cause) {
        return new FedHdsException(file + ": " + what + ": " + JsonFile.shorten(cause.getMessage()), cause);
    }

    /**
     * Ids of a text, after the special tokens that the model expects before it, such as BOS. Tokens that a template
     * adds after a text are left out, because an answer follows, which ends with the EOS id. Special tokens that are
     * written in the text are found; for a text of unknown origin use {@link #encode(List)}.
     */
    public int[] encode(String text) {
        return beginning.isEmpty() ? ids(open(), text, true) : concat(beginning.get(), ids(open(), text, false));
    }

    /**
     * Ids of a prompt in parts: those of the whole text, in which only the parts that are special tokens are found as
     * such. If the first part is text, the special tokens that begin every text, such as BOS, come before it.
     *
     * @throws IllegalArgumentException if the tokenizer has no special token of a part's name
     */
    public int[] encode(List<PromptPart> parts) {
        HuggingFaceTokenizer opened = open();
        int[] specials = parts.stream()
                .filter(PromptPart::special)
                .mapToInt(part -> specialId(part.text()))
                .toArray();
        String whole = parts.stream().map(PromptPart::text).collect(Collectors.joining());
        int[] ids = ids(opened, whole, false);
        if (!Arrays.equals(specials, literal.specials(ids))) { // a text holds a special token
            ids = ids(literal.tokenizer(), literal.text(parts), false);
        }
        boolean begins = !parts.isEmpty() && !parts.get(0).special();
        return begins ? concat(encode(""), ids) : ids;
    }

    /** The id of a special token. */
    int specialId(String token) {
        return literal.id(token)
                .orElseThrow(() -> new IllegalArgumentException(file + " has no special token " + token
                        + ", which the prompt template needs; set the template that the model was trained with"
                        + " (template of FedHds, --template of the main job)"));
    }

    /** Ids of a text that continues another one: no special tokens, also if the text holds one. */
    public int[] encodePlain(String text) {
        HuggingFaceTokenizer opened = open();
        int[] ids = ids(opened, text, false);
        return literal.specials(ids).length == 0 ? ids : ids(literal.tokenizer(), text, false);
    }

    private static int[] concat(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /**
     * The prompt template that the model was published with ({@code chat_template.jinja}, {@code tokenizer_config.json},
     * or a GGUF file's {@code tokenizer.chat_template}); Alpaca's if it has none. It is recognised by its marks, its
     * program is not run: see {@link ChatTemplate.Form} for the forms.
     *
     * @throws FedHdsException if it is in none of these forms; the message names the settings that help
     */
    public PromptTemplate promptTemplate() {
        return template.template();
    }

    /**
     * A configuration whose texts also end at the chat template's end token.
     *
     * @throws FedHdsException if {@code tokenizer_config.json} names an EOS token that the configuration does not have,
     *     because training would end answers with another token than the model does
     */
    public DecoderConfig withEndTokens(DecoderConfig config) {
        if (eos != null && !config.eosIds().contains(eos.id())) {
            throw new FedHdsException(file.resolveSibling(CONFIG) + ": eos_token is "
                    + JsonFile.shorten(eos.text()) + ", id " + eos.id()
                    + ", but eos_token_id in config.json and generation_config.json, or in the GGUF file, is "
                    + config.eosIds() + "; make them equal, or list both ids in generation_config.json");
        }
        Optional<Integer> end = template.endToken().flatMap(literal::id);
        return end.isPresent() ? config.withEosId(end.get()) : config;
    }

    private int[] ids(HuggingFaceTokenizer opened, String text, boolean special) {
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
        literal.close();
    }
}
