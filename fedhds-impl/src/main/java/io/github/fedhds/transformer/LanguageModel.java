package io.github.fedhds.transformer;

import ai.djl.ndarray.NDManager;
import com.google.common.base.Suppliers;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.ModelWeights;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A causal language model from a Hugging Face folder ({@code config.json}, {@code model.safetensors} or several such
 * files with {@code model.safetensors.index.json}, {@code tokenizer.json}). One loaded model serves all clients of a
 * process: adapters are passed with each call, and the weights are never copied. Safe for many threads. Holds native
 * memory until closed; a call on a closed model or on its objects throws an IllegalStateException. Do not close it
 * while a call runs on another thread.
 */
public final class LanguageModel implements AutoCloseable {
    private static final String HOLDS = "; a model folder holds config.json, model.safetensors and tokenizer.json";

    private final Tokenizer tokenizer;
    private final Decoder decoder;
    private final String device;
    private final AdaptedModel base;
    private final Supplier<String> digest;

    private LanguageModel(Tokenizer tokenizer, Decoder decoder, String device) {
        this.tokenizer = tokenizer;
        this.decoder = decoder;
        this.device = device;
        this.base = new AdaptedModel(decoder, tokenizer, AdapterForm.none(), new float[0]);
        this.digest = Suppliers.memoize(decoder::digest);
    }

    /** Loads a folder or a GGUF file with {@link ModelOptions#defaults}. */
    public static LanguageModel load(Path folder) {
        return load(folder, ModelOptions.defaults());
    }

    /**
     * Loads a folder, or a GGUF file of the architectures llama (also Mistral), qwen2, qwen3 and gpt2. For a GGUF file of
     * several shards give the first one. Its weights are unpacked; tensor names, and so adapters, are those of the folder.
     *
     * @param folder the folder, or the file, whose name ends with {@code .gguf}
     * @throws FedHdsException if a file is missing or damaged, or a tensor is missing, unexpected or of another shape
     * @throws IllegalArgumentException if the device does not exist
     */
    public static LanguageModel load(Path folder, ModelOptions options) {
        DecoderConfig read = DecoderConfig.read(folder);
        Path file = weightsFile(folder);
        Dtype target = options.precision() == Precision.BFLOAT16 ? Dtype.BF16 : Dtype.F32;
        Tokenizer tokenizer = Tokenizer.load(folder, options.tokenizer());
        NDManager manager = null;
        try (TensorSource source = open(file, read, target)) {
            DecoderConfig config = tokenizer.withEndTokens(read);
            DecoderWeights weights = DecoderWeights.of(config, source, file);
            manager = TorchRuntime.open(options.device());
            if (options.precision() == Precision.BFLOAT16) {
                TorchRuntime.checkBfloat16(manager);
            }
            int threads = options.threads() > 0 ? options.threads() : TorchRuntime.defaultThreads();
            Decoder decoder = new Decoder(config, manager, weights, options.precision(), options.packed(), threads);
            TorchRuntime.modelOn(manager);
            return new LanguageModel(tokenizer, decoder, manager.getDevice().toString());
        } catch (RuntimeException | Error e) {
            tokenizer.close();
            if (manager != null) {
                manager.close();
            }
            throw e;
        }
    }

    /**
     * The first weight of a folder that is NaN or infinite, which means that its files are damaged. Reads all weights;
     * memory: the largest one in float32.
     *
     * @return file, tensor and value; empty if all are finite
     * @throws FedHdsException if a file is missing or damaged
     */
    public static Optional<String> firstNonFinite(Path folder) {
        Path file = weightsFile(folder);
        try (TensorSource source = open(file, DecoderConfig.read(folder), Dtype.F32)) {
            for (String name : source.names()) {
                float[] values = source.dtype(name).readsAsFloat() ? source.readFloats(name) : new float[0];
                for (int i = 0; i < values.length; i++) {
                    if (!Float.isFinite(values[i])) {
                        return Optional.of(file + ": tensor " + name + " holds " + values[i] + " at " + i);
                    }
                }
            }
            return Optional.empty();
        }
    }

    private static TensorSource open(Path file, DecoderConfig config, Dtype target) {
        if (GgufFile.isGguf(file)) {
            return GgufWeights.open(file, config, target);
        }
        TensorSource source = ModelWeights.open(file);
        try {
            return Nf4Weights.of(source, file.toString());
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    private static Path weightsFile(Path path) {
        return GgufFile.isGguf(path) ? path : ModelWeights.file(path, HOLDS);
    }

    /** Names and shapes of all tensors of a model's weights, as in its Hugging Face folder; a tied head is left out. */
    public static Map<String, int[]> tensorShapes(DecoderConfig config) {
        return DecoderWeights.shapes(config);
    }

    /** Configuration of the model. */
    public DecoderConfig config() {
        return decoder.config();
    }

    /** The model's tokenizer. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * An encoder of samples to token ids for this model.
     *
     * @param maxTokens longest sequence, at least 2; lowered to the model's context length
     */
    public SampleEncoder sampleEncoder(PromptTemplate template, int maxTokens) {
        return new SampleEncoder(config(), tokenizer, template, maxTokens);
    }

    /** The model's own prompt template, Alpaca's if it has none: see {@link Tokenizer#promptTemplate}. */
    public PromptTemplate promptTemplate() {
        return tokenizer.promptTemplate();
    }

    /** The device that the model runs on, such as "cpu()" or "gpu(0)". */
    public String device() {
        return device;
    }

    /** Threads inside one torch operation; equal results need equal numbers of them. */
    public int threads() {
        return decoder.threads();
    }

    /**
     * SHA-256 over configuration and weights as loaded, in hexadecimal. The first call reads all weights, about 1 s per
     * gigabyte; later calls are free.
     */
    public String digest() {
        return digest.get();
    }

    /**
     * SHA-256 over everything that the token ids of a text depend on, in hexadecimal; see {@link Tokenizer#digest}. It
     * is separate from the digest of the weights, because the same weights can be used with another tokenizer.
     */
    public String tokenizerDigest() {
        return tokenizer.digest();
    }

    /** The model without an adapter. */
    public AdaptedModel base() {
        return base;
    }

    /**
     * The model with an adapter; copies only the adapter.
     *
     * @throws IllegalArgumentException if the adapter's names or shapes do not fit the model
     */
    public AdaptedModel with(AdapterForm form, io.github.fedhds.adapter.Adapter adapter) {
        return new AdaptedModel(decoder, tokenizer, form, form.flatten(config(), adapter));
    }

    /** Type of the weights of products. */
    public Precision precision() {
        return decoder.precision();
    }

    /** Computes losses and gradients of an adapter of this form, without gradient checkpointing. */
    public LoraGradient loraGradient(AdapterForm form, double dropout) {
        return loraGradient(form, dropout, false);
    }

    /**
     * Computes losses and gradients of an adapter of this form.
     *
     * @param dropout probability of dropping an input of a low-rank product, from 0 to below 1
     * @param gradientCheckpointing whether the backward pass computes each layer's activations again instead of keeping
     *     them: memory of one layer instead of all, about a third more time, equal bits
     */
    public LoraGradient loraGradient(AdapterForm form, double dropout, boolean gradientCheckpointing) {
        return new LoraGradient(decoder, form, dropout, gradientCheckpointing);
    }

    /** Computes losses and gradients of all weights, starting from those of this model. */
    public WeightsGradient weightsGradient(Precision precision) {
        return new WeightsGradient(decoder, precision);
    }

    /** Frees the native memory; closing again does nothing. */
    @Override
    public void close() {
        tokenizer.close();
        decoder.close();
    }
}
