package io.github.fedhds.examples.benchmark;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.examples.Programs;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.Adam;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.lora.Optimizer;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.LoraGradient;
import io.github.fedhds.transformer.Pooling;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Speed of a model: features, generation and LoRA training, one line per row with name, figure and unit. The rows are
 * the same as in the Python programs for comparison (transformers and PEFT), on the same prompts.
 */
@Command(
        name = "model-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Speed of features, generation and LoRA training of a model folder.")
public final class ModelBenchmark implements Callable<Integer> {
    /** Available measurements. */
    enum Row {
        FEATURES,
        MIXED_FEATURES,
        GENERATE,
        LORA_STEP,
        LORA_EPOCH,
        /** Peak memory of the process, so it must run alone. */
        MEMORY
    }

    @Parameters(index = "0", description = "model folder or GGUF file")
    private Path model = Path.of("");

    @Option(
            names = "--rows",
            split = ",",
            description = "of ${COMPLETION-CANDIDATES}; MEMORY must run alone (default: all others)")
    private List<Row> rows = List.of(Row.FEATURES, Row.MIXED_FEATURES, Row.GENERATE, Row.LORA_STEP, Row.LORA_EPOCH);

    @Option(names = "--precision", description = "type of the weights: ${COMPLETION-CANDIDATES}")
    private Precision precision = Precision.FLOAT32;

    @Option(names = "--packed", description = "keep the matrices of a GGUF or NF4 model packed in memory")
    private boolean packed;

    @Option(names = "--threads", description = "threads inside one operation")
    private int threads = 2;

    @Option(
            names = "--data",
            description =
                    "folder of Natural Instructions (tasks/, splits/default/), which MIXED_FEATURES and LORA_EPOCH need")
    private @Nullable Path data;

    @Option(names = "--tokens", description = "length of the text of features and LoRA steps")
    private int length = 256;

    @Option(names = "--longest", description = "longest of the prompts, in tokens, which are cut at the left")
    private int longest = 512;

    @Option(names = "--batch", description = "texts that GENERATE continues at a time")
    private int batch = 1;

    @Option(names = "--repeats", description = "runs of which the best counts")
    private int repeats = 8;

    @Option(names = "--token-budget", description = "tokens of a batch of features, padding included")
    private int tokenBudget = 2048;

    @Option(names = "--keep-activations", description = "memory: without gradient checkpointing")
    private boolean keepActivations;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return Programs.commandLine(new ModelBenchmark());
    }

    @Override
    public Integer call() throws IOException {
        if (data == null && (rows.contains(Row.MIXED_FEATURES) || rows.contains(Row.LORA_EPOCH))) {
            throw new ParameterException(
                    spec.commandLine(), "the rows mixed_features and lora_epoch need --data; give it, or other --rows");
        }
        if (batch < 1) {
            throw new ParameterException(spec.commandLine(), "--batch must be 1 or more, was " + batch);
        }
        ModelOptions options = ModelOptions.defaults()
                .onDevice("cpu")
                .withThreads(threads)
                .withPrecision(precision)
                .withPacked(packed);
        try (LanguageModel loaded = LanguageModel.load(model, options)) {
            for (Row row : rows) {
                String line = switch (row) {
                    case FEATURES -> features(loaded);
                    case MIXED_FEATURES -> mixedFeatures(loaded);
                    case GENERATE -> generate(loaded);
                    case LORA_STEP -> loraStep(loaded);
                    case LORA_EPOCH -> loraEpoch(loaded);
                    case MEMORY -> memory(loaded);
                };
                PrintWriter out = spec.commandLine().getOut();
                out.println(line);
                out.flush();
            }
        }
        return 0;
    }

    private String features(LanguageModel loaded) {
        List<int[]> text = List.of(random(loaded, length));
        double seconds = best(() -> loaded.base().features(text, Pooling.LAST_TOKEN, tokenBudget));
        return format("features, batch 1, %d tokens: %.0f tokens/s", length, length / seconds);
    }

    private String mixedFeatures(LanguageModel loaded) throws IOException {
        List<int[]> texts =
                prompts(loaded, 300).stream().map(EncodedSample::ids).toList();
        loaded.base().features(texts.subList(0, Math.min(8, texts.size())), Pooling.LAST_TOKEN, tokenBudget);
        double seconds = seconds(() -> loaded.base().features(texts, Pooling.LAST_TOKEN, tokenBudget));
        int tokens = texts.stream().mapToInt(ids -> ids.length).sum();
        return format(
                "features of %d prompts, batches of %d tokens, %d tokens: %.2f s",
                texts.size(), tokenBudget, tokens, seconds);
    }

    private String generate(LanguageModel loaded) {
        int prompt = Math.min(64, length / 2);
        List<int[]> prompts = IntStream.rangeClosed(1, batch)
                .mapToObj(seed -> random(loaded, prompt, seed))
                .toList();
        int[] made = loaded.base().generate(prompts, 64, prompt * batch).stream()
                .mapToInt(ids -> ids.length)
                .toArray();
        double seconds = best(() -> loaded.base().generate(prompts, 64, prompt * batch));
        return format(
                "greedy generation, %s%d + %d tokens: %.1f tokens/s",
                batch == 1 ? "" : "batch " + batch + ", ",
                prompt,
                Arrays.stream(made).max().orElse(0),
                Arrays.stream(made).sum() / seconds);
    }

    private String loraStep(LanguageModel loaded) {
        Training training = new Training(loaded, false);
        EncodedSample sample = new EncodedSample(random(loaded, length), 1, false);
        double seconds = best(() -> training.step(sample));
        return format("LoRA step, batch 1, %d tokens: %.0f tokens/s", length, length / seconds);
    }

    private String loraEpoch(LanguageModel loaded) throws IOException {
        Training training = new Training(loaded, false);
        List<EncodedSample> samples = prompts(loaded, 100);
        samples.subList(0, Math.min(3, samples.size())).forEach(training::step);
        double seconds = seconds(() -> samples.forEach(training::step));
        int tokens = samples.stream().mapToInt(sample -> sample.ids().length).sum();
        return format("LoRA epoch over %d samples, batch 1, %d tokens: %.2f s", samples.size(), tokens, seconds);
    }

    private String memory(LanguageModel loaded) throws IOException {
        long before = peakMebibytes();
        Training training = new Training(loaded, !keepActivations);
        EncodedSample sample = new EncodedSample(random(loaded, 1024), 1, false);
        for (int i = 0; i < 3; i++) {
            training.step(sample);
        }
        return format(
                "LoRA step, 1,024 tokens%s: peak resident %d MiB, before the first step %d MiB",
                keepActivations ? "" : ", gradient checkpointing", peakMebibytes(), before);
    }

    /** Peak resident memory of this process, from Linux. */
    private static long peakMebibytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }

    /** An adapter on all linear modules, rank 8, alpha 16, no dropout, with Adam. */
    private static final class Training {
        private final LoraGradient graph;
        private final float[] values;
        private final float[] gradient;
        private final Optimizer optimizer;

        Training(LanguageModel loaded, boolean gradientCheckpointing) {
            LoraConfig lora = LoraConfig.defaults().withDropout(0);
            AdapterForm form = lora.form();
            values = form.flatten(loaded.config(), LoraTrainer.firstAdapter(loaded, lora, 1));
            gradient = new float[values.length];
            graph = loaded.loraGradient(form, 0, gradientCheckpointing);
            optimizer = new Adam(values.length);
        }

        float step(EncodedSample sample) {
            float loss = graph.compute(List.of(sample), values, 0, gradient);
            optimizer.step(values, gradient, 3e-4);
            return loss;
        }
    }

    /** The prompts of the first training tasks, with their first output, truncated at the left. */
    private List<EncodedSample> prompts(LanguageModel loaded, int count) throws IOException {
        List<EncodedSample> all = new ArrayList<>();
        Path folder = Objects.requireNonNull(data);
        String names = Files.readString(folder.resolve("splits/default/train_tasks.txt"));
        for (String name : names.trim().split("\\s+")) {
            Path file = folder.resolve("tasks").resolve(name + ".json");
            JsonObject task = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            String definition = task.getAsJsonArray("Definition").get(0).getAsString();
            JsonArray instances = task.getAsJsonArray("Instances");
            for (JsonElement element : instances.asList().subList(0, Math.min(10, instances.size()))) {
                JsonObject instance = element.getAsJsonObject();
                String input = instance.get("input").getAsString();
                String output = instance.getAsJsonArray("output").get(0).getAsString();
                String prompt = PromptTemplate.alpaca().prompt(new Instruction(definition, input, output));
                all.add(sample(loaded, prompt, output));
            }
        }
        int stride = Math.max(1, all.size() / count);
        List<EncodedSample> chosen = new ArrayList<>();
        for (int i = 0; i < all.size() && chosen.size() < count; i += stride) {
            chosen.add(all.get(i));
        }
        return chosen;
    }

    private EncodedSample sample(LanguageModel loaded, String prompt, String output) {
        int[] answer = loaded.tokenizer().encodePlain(output);
        int[] asked = loaded.tokenizer().encode(prompt);
        int kept = Math.min(asked.length, longest - answer.length - 1);
        int[] ids =
                Arrays.copyOf(Arrays.copyOfRange(asked, asked.length - kept, asked.length), kept + answer.length + 1);
        System.arraycopy(answer, 0, ids, kept, answer.length);
        ids[ids.length - 1] = loaded.config().eosIds().get(0);
        return new EncodedSample(ids, kept, false);
    }

    private static int[] random(LanguageModel loaded, int length) {
        return random(loaded, length, 1);
    }

    private static int[] random(LanguageModel loaded, int length, int seed) {
        return new SplittableRandom(seed)
                .ints(length, 3, loaded.config().vocabulary())
                .toArray();
    }

    private double best(Runnable work) {
        work.run();
        double best = Double.MAX_VALUE;
        for (int i = 0; i < repeats; i++) {
            best = Math.min(best, seconds(work));
        }
        return best;
    }

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
