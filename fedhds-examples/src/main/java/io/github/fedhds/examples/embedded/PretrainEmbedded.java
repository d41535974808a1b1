package io.github.fedhds.examples.embedded;

import com.google.gson.GsonBuilder;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.examples.embedded.corpus.PretrainingText;
import io.github.fedhds.examples.embedded.corpus.WordTokenizer;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains the embedded base model from random weights on generated text, and writes it as a Hugging Face folder. */
@Command(
        name = "pretrain",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Trains the embedded base model from random weights.")
public final class PretrainEmbedded implements Callable<Integer> {
    @Option(names = "--out", required = true, description = "folder to write the model to")
    private Path out = Path.of("model");

    @Option(names = "--steps", description = "training steps")
    private int steps = 3600;

    @Option(names = "--batch", description = "rows a step")
    private int batch = 32;

    @Option(names = "--row-length", description = "tokens a row")
    private int rowLength = 160;

    @Option(names = "--width", description = "length of a hidden state")
    private int width = 192;

    @Option(names = "--layers", description = "number of layers")
    private int layers = 6;

    @Option(names = "--learning-rate", description = "highest learning rate")
    private double learningRate = 2e-3;

    @Option(names = "--seed", description = "of the first weights and of the text")
    private long seed = 1;

    @Option(names = "--precision", description = "of matrix products: ${COMPLETION-CANDIDATES}")
    private Precision precision = Precision.BFLOAT16;

    @Option(names = "--threads", description = "threads of a torch operation")
    private int threads = 2;

    public static void main(String[] args) {
        System.exit(new CommandLine(new PretrainEmbedded()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        Files.createDirectories(out);
        WordTokenizer tokenizer = WordTokenizer.build();
        tokenizer.write(out);
        int vocabulary = tokenizer.size();
        writeConfig(vocabulary);
        SafetensorsWriter.write(out.resolve("model.safetensors"), firstWeights(vocabulary), Map.of("format", "pt"));
        PretrainingText text = new PretrainingText(seed);
        Instant start = Instant.now();
        double[] smooth = {Double.NaN};
        Map<String, Tensor> weights;
        try (LanguageModel model =
                LanguageModel.load(out, ModelOptions.defaults().onDevice("cpu").withThreads(threads))) {
            weights = Pretrainer.builder()
                    .steps(steps)
                    .batchSize(batch)
                    .rowLength(rowLength)
                    .learningRate(learningRate)
                    .precision(precision)
                    .progress((step, of, loss, rate) -> {
                        smooth[0] = Double.isNaN(smooth[0]) ? loss : 0.98 * smooth[0] + 0.02 * loss;
                        if (step % 50 == 0 || step == of) {
                            double seconds =
                                    Duration.between(start, Instant.now()).toMillis() / 1000.0;
                            System.out.printf(
                                    Locale.ROOT,
                                    "step %d of %d, %.1f million tokens, loss %.4f, rate %.2e, %.0f s, %.0f tokens/s%n",
                                    step,
                                    of,
                                    (double) step * batch * rowLength / 1e6,
                                    smooth[0],
                                    rate,
                                    seconds,
                                    step * (double) batch * rowLength / seconds);
                        }
                    })
                    .build()
                    .train(model, i -> model.tokenizer().encode(text.document(i)));
        }
        SafetensorsWriter.write(out.resolve("model.safetensors"), weights, Map.of("format", "pt"), Dtype.BF16);
        return 0;
    }

    private void writeConfig(int vocabulary) throws IOException {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", new String[] {"LlamaForCausalLM"});
        config.put("model_type", "llama");
        config.put("hidden_size", width);
        config.put("intermediate_size", intermediateSize());
        config.put("num_hidden_layers", layers);
        config.put("num_attention_heads", heads());
        config.put("num_key_value_heads", heads());
        config.put("vocab_size", vocabulary);
        config.put("max_position_embeddings", 256);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10000.0);
        config.put("hidden_act", "silu");
        config.put("tie_word_embeddings", true);
        config.put("attention_bias", false);
        config.put("mlp_bias", false);
        config.put("bos_token_id", 1);
        config.put("eos_token_id", 2);
        config.put("torch_dtype", "bfloat16");
        Files.writeString(
                out.resolve("config.json"),
                new GsonBuilder().setPrettyPrinting().create().toJson(config) + "\n");
    }

    private int heads() {
        return Math.max(1, width / 32);
    }

    private int intermediateSize() {
        return width * 8 / 3 / 32 * 32;
    }

    /** Normal weights with standard deviation 0.05; smaller for outputs to the residual stream; norm weights are 1. */
    private Map<String, Tensor> firstWeights(int vocabulary) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        SplittableRandom random = new SplittableRandom(seed);
        normal(weights, random, "model.embed_tokens.weight", 0.05, vocabulary, width);
        double into = 0.05 / Math.sqrt(2.0 * layers);
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            ones(weights, layer + "input_layernorm.weight");
            for (String name : new String[] {"q_proj", "k_proj", "v_proj"}) {
                normal(weights, random, layer + "self_attn." + name + ".weight", 0.05, width, width);
            }
            normal(weights, random, layer + "self_attn.o_proj.weight", into, width, width);
            ones(weights, layer + "post_attention_layernorm.weight");
            normal(weights, random, layer + "mlp.gate_proj.weight", 0.05, intermediateSize(), width);
            normal(weights, random, layer + "mlp.up_proj.weight", 0.05, intermediateSize(), width);
            normal(weights, random, layer + "mlp.down_proj.weight", into, width, intermediateSize());
        }
        ones(weights, "model.norm.weight");
        return weights;
    }

    private static void normal(
            Map<String, Tensor> weights,
            SplittableRandom random,
            String name,
            double deviation,
            int rows,
            int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        weights.put(name, new Tensor(new int[] {rows, columns}, values));
    }

    private void ones(Map<String, Tensor> weights, String name) {
        float[] values = new float[width];
        java.util.Arrays.fill(values, 1);
        weights.put(name, new Tensor(new int[] {width}, values));
    }
}
