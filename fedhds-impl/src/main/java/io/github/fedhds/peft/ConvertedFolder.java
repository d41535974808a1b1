package io.github.fedhds.peft;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.gguf.GgufFile.RowReader;
import io.github.fedhds.internal.gguf.GgufVocabulary;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.ModelWeights;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.model.GgufNames;
import io.github.fedhds.model.RotaryScaling;
import io.github.fedhds.tokenizer.Tokenizer;
import io.github.fedhds.tokenizer.TokenizerFiles;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A Hugging Face folder as GGUF: configuration, vocabulary and weights under the names, shapes and row orders of
 * llama.cpp's converter.
 *
 * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py">llama.cpp's converter</a>
 */
final class ConvertedFolder implements GgufBase {
    private static final String ROTARY = "rope_freqs.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String CONVERTER =
            "; write a folder with MergedFolder and convert that with convert_hf_to_gguf.py of llama.cpp";
    private static final long MAX_TOKENIZER_BYTES = 256L << 20;

    /** Texts that pre-tokenizers split in different ways. The tokenizer that is read back must give equal ids. */
    private static final List<String> PROBES = List.of(
            "",
            "Once upon a time, there was a little girl named Lily.",
            "I have 12345 apples; it's 3.50 -- ISN'T it?\n\n\n  Two  spaces,\ta tab, x=y+1; don't/we'll (so-called) ",
            "Gr\u00FC\u00DFe, \u4F60\u597D\u4E16\u754C! \u0421\u043F\u0430\u0441\u0438\u0431\u043E \uD83D\uDE80\uD83D\uDE80 \u00E9t\u00E9 \u0661\u0662\u0663");

    private final Path folder;
    private final DecoderConfig config;
    private final GgufNames modules;
    private final TensorSource source;
    private final Map<String, Full> full = new TreeMap<>(); // by GGUF's name

    /** Name and shape of a tensor at Hugging Face. */
    private record Full(String name, int[] shape) {}

    ConvertedFolder(Path folder, DecoderConfig config) {
        this.folder = folder;
        this.config = config;
        this.modules = new GgufNames(config);
        this.source = ModelWeights.open(ModelWeights.file(folder, ""));
        try {
            LanguageModel.tensorShapes(config).forEach(this::add);
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    private void add(String name, int[] shape) {
        String stored = stored(name);
        if (!source.names().contains(stored)) {
            throw new FedHdsException(folder + " has no tensor " + name + ", which config.json asks for");
        }
        if (!source.dtype(stored).readsAsFloat()) {
            throw new FedHdsException(folder + ": " + stored + " is of type " + source.dtype(stored)
                    + "; an adapter is merged into F32, F16, BF16 and F64");
        }
        if (!Arrays.equals(source.shape(stored), shape)) {
            throw new FedHdsException(folder + ": " + stored + " has shape " + Arrays.toString(source.shape(stored))
                    + ", config.json asks for " + Arrays.toString(shape));
        }
        int dot = name.lastIndexOf('.');
        String module = modules.gguf(name.substring(0, dot))
                .orElseThrow(() -> new FedHdsException(
                        folder + ": tensor " + name + " has no name in GGUF files of " + modules.architecture()));
        full.put(module + name.substring(dot), new Full(name, shape));
    }

    /** Some files lack GPT-2's prefix, or have the head of a tied pair alone. */
    private String stored(String name) {
        if (source.names().contains(name)) {
            return name;
        }
        String prefix = "transformer.";
        String bare = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
        boolean embedding = modules.gguf(module(name)).equals(Optional.of("token_embd"));
        return config.tiedHead() && embedding && !source.names().contains(bare) ? HEAD : bare;
    }

    private static String module(String name) {
        return name.substring(0, name.lastIndexOf('.'));
    }

    @Override
    public SortedSet<String> names() {
        SortedSet<String> names = new TreeSet<>(full.keySet());
        if (divisors().length > 0) {
            names.add(ROTARY);
        }
        return Collections.unmodifiableSortedSet(names);
    }

    @Override
    public int[] shape(String name) {
        if (name.equals(ROTARY)) {
            return new int[] {divisors().length};
        }
        int[] shape = full(name).shape();
        return isTransposed(full(name)) ? new int[] {shape[1], shape[0]} : shape.clone();
    }

    private Full full(String name) {
        return Objects.requireNonNull(full.get(name), name);
    }

    /** GPT-2's products are {@code [in, out]} at Hugging Face, {@code [out, in]} in GGUF. */
    private boolean isTransposed(Full tensor) {
        return config.family() == Family.GPT2
                && tensor.shape().length == 2
                && tensor.name().startsWith("transformer.h.");
    }

    @Override
    public void readRows(String name, RowReader reader) {
        if (name.equals(ROTARY)) {
            reader.row(0, divisors());
            return;
        }
        String own = full(name).name();
        int[] shape = full(name).shape();
        boolean paired = modules.isPaired(module(own));
        if (isTransposed(full(name))) {
            float[] values = source.readFloats(stored(own));
            float[] row = new float[shape[0]];
            for (int out = 0; out < shape[1]; out++) {
                for (int in = 0; in < row.length; in++) {
                    row[in] = values[in * shape[1] + out];
                }
                reader.row(out, row);
            }
        } else if (shape.length == 1) {
            float[] values = source.readFloats(stored(own));
            float[] ordered = values.clone();
            for (int i = 0; paired && i < values.length; i++) {
                ordered[i] = values[modules.unpaired(i)];
            }
            reader.row(0, ordered);
        } else {
            readMatrix(own, shape, paired, reader);
        }
    }

    private void readMatrix(String own, int[] shape, boolean paired, RowReader reader) {
        String stored = stored(own);
        Dtype dtype = source.dtype(stored);
        ByteBuffer bytes = source.read(stored).order(ByteOrder.LITTLE_ENDIAN);
        double[] exact = new double[shape[1]];
        float[] row = new float[shape[1]];
        int start = bytes.position();
        for (int r = 0; r < shape[0]; r++) {
            bytes.position(start + (paired ? modules.unpaired(r) : r) * shape[1] * dtype.bytes());
            dtype.decode(bytes, exact, exact.length);
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) exact[i];
            }
            reader.row(r, row);
        }
    }

    /** What Llama 3's scaling divides each frequency by. */
    private float[] divisors() {
        if (!(config.rotaryScaling() instanceof RotaryScaling.Llama3 llama3)) {
            return new float[0];
        }
        int size = config.headSize();
        float[] divisors = new float[size / 2];
        for (int i = 0; i < divisors.length; i++) {
            float frequency = 1f / (float) Math.pow(config.rotaryBase(), 2.0 * i / size);
            divisors[i] = frequency / llama3.scale(i, frequency);
        }
        return divisors;
    }

    @Override
    public void putMetadata(GgufWriter writer) {
        String arch = modules.architecture() + ".";
        boolean gpt2 = config.family() == Family.GPT2;
        writer.put("general.architecture", modules.architecture())
                .put("general.type", "model")
                .put(arch + "block_count", config.layers())
                .put(arch + "context_length", config.contextLength())
                .put(arch + "embedding_length", config.hiddenSize())
                .put(arch + "feed_forward_length", config.intermediateSize())
                .put(arch + "attention.head_count", config.heads())
                .put(arch + "attention.head_count_kv", config.keyValueHeads())
                .put(arch + "vocab_size", config.vocabulary())
                .put(arch + (gpt2 ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), (float)
                        config.normEpsilon());
        if (!gpt2) {
            writer.put(arch + "attention.key_length", config.headSize())
                    .put(arch + "attention.value_length", config.headSize())
                    .put(arch + "rope.dimension_count", config.headSize())
                    .put(arch + "rope.freq_base", (float) config.rotaryBase());
        }
        if (config.attention().window() > 0) {
            writer.put(arch + "attention.sliding_window", config.attention().window());
        }
        if (config.rotaryScaling() instanceof RotaryScaling.Linear linear) {
            writer.put(arch + "rope.scaling.type", "linear").put(arch + "rope.scaling.factor", (float) linear.factor());
        }
        putTokenizer(writer);
    }

    private void putTokenizer(GgufWriter writer) {
        Path file = folder.resolve("tokenizer.json");
        JsonObject json = JsonFile.readObject(file, MAX_TOKENIZER_BYTES);
        GgufWriter alone = new GgufWriter();
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            int[] beginning = tokenizer.encode("");
            if (beginning.length > 1) {
                throw new IllegalArgumentException(
                        "a text begins with " + beginning.length + " special tokens; supported: 0 and 1");
            }
            List<String> kinds = List.of("eos", "eot", "eom");
            List<Integer> ends = tokenizer.withEndTokens(config).eosIds();
            for (GgufWriter one : List.of(alone, writer)) {
                GgufVocabulary.put(one, json, config.vocabulary());
                one.put("tokenizer.ggml.add_bos_token", beginning.length == 1);
                if (beginning.length == 1) {
                    one.put("tokenizer.ggml.bos_token_id", beginning[0]);
                }
                for (int i = 0; i < Math.min(kinds.size(), ends.size()); i++) {
                    one.put("tokenizer.ggml." + kinds.get(i) + "_token_id", ends.get(i));
                }
            }
            checkReadBack(tokenizer, alone);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + " cannot be written as GGUF: " + e.getMessage() + CONVERTER, e);
        }
        template().ifPresent(template -> writer.put("tokenizer.chat_template", template));
    }

    /** A tokenizer that is nearly right makes a worse model, and nobody would notice. */
    private static void checkReadBack(Tokenizer tokenizer, GgufWriter alone) {
        try {
            Path file = Files.createTempFile("tokenizer", ".gguf");
            try {
                alone.write(file);
                try (Tokenizer read = Tokenizer.load(file)) {
                    for (String text : PROBES) {
                        if (!Arrays.equals(tokenizer.encode(text), read.encode(text))) {
                            throw new IllegalArgumentException("read back, it gives other ids for \"" + text + "\": "
                                    + Arrays.toString(read.encode(text)) + " instead of "
                                    + Arrays.toString(tokenizer.encode(text)));
                        }
                    }
                }
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw FileFault.of(Path.of(System.getProperty("java.io.tmpdir")), "cannot be written", e);
        }
    }

    private Optional<String> template() {
        Map<String, byte[]> files = TokenizerFiles.of(folder, Optional.empty());
        byte[] jinja = files.get("chat_template.jinja");
        if (jinja != null) {
            return Optional.of(new String(jinja, StandardCharsets.UTF_8));
        }
        Path file = folder.resolve("tokenizer_config.json");
        return files.containsKey("tokenizer_config.json")
                ? Optional.ofNullable(
                                JsonFile.readObject(file, MAX_TOKENIZER_BYTES).get("chat_template"))
                        .filter(template -> template.isJsonPrimitive())
                        .map(template -> template.getAsString())
                : Optional.empty();
    }

    @Override
    public void close() {
        source.close();
    }
}
