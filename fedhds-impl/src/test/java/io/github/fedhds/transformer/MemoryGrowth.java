package io.github.fedhds.transformer;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.fedhds.internal.TorchCall;
import io.github.fedhds.lora.Adam;
import io.github.fedhds.tokenizer.EncodedSample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What 200 calls leave behind: the lesser of two times, since a leak shows in both, and memory that is only laid out
 * anew in one. Measured in a Java process of its own, where little else moves: a heap of one size whose pages are all
 * there, no compiler, and a malloc that gives back at once what is freed.
 *
 * @param arrays open arrays, modules and managers of the model
 * @param heap bytes of the Java heap, after collection
 * @param resident bytes of the process outside of the Java heap, as the system counts them; 0 where it does not tell
 */
public record MemoryGrowth(int arrays, long heap, long resident) {
    public static final AdapterForm FORM = new AdapterForm(List.of("q_proj", "v_proj", "gate_proj", "down_proj"), 4, 2);

    /** Linux's exact count; the one in {@code status} may be off by megabytes. */
    public static final Path ROLLUP = Path.of("/proc/self/smaps_rollup");

    private static final Pattern FIGURES = Pattern.compile("([A-Z_]+) (-?\\d+) (-?\\d+) (-?\\d+)\\R");

    /** What is called. */
    public enum Kind {
        TRAINING,
        GENERATION,
        FEATURES_AND_LOSSES,
        /**
         * Generation with three leaks, each for one of the figures: a manager is not closed, 12 kB of heap are kept, and
         * a native array of 12 kB is forgotten of which the model's manager does not know.
         */
        GENERATION_WITH_LEAKS
    }

    /** Measures each kind of call with the model of a folder. */
    public static Map<Kind, MemoryGrowth> of(Path folder) {
        Map<Kind, MemoryGrowth> growth = new EnumMap<>(Kind.class);
        String said = say(MemoryGrowth.class, folder.toString());
        Matcher figures = FIGURES.matcher(said);
        while (figures.find()) {
            growth.put(
                    Kind.valueOf(figures.group(1)),
                    new MemoryGrowth(
                            Integer.parseInt(figures.group(2)),
                            Long.parseLong(figures.group(3)),
                            Long.parseLong(figures.group(4))));
        }
        if (growth.size() != Kind.values().length) {
            throw new AssertionError("the measuring process failed:\n" + said);
        }
        return growth;
    }

    /** Runs a program in the process that this class tells of, and gives what it said. */
    public static String say(Class<?> program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms96m",
                "-Xmx96m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "-Xint",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment()
                .putAll(Map.of(
                        "MALLOC_ARENA_MAX", "1",
                        "MALLOC_MMAP_THRESHOLD_", "4096",
                        "MALLOC_TRIM_THRESHOLD_", "0",
                        "OMP_WAIT_POLICY", "passive"));
        builder.redirectErrorStream(true);
        try {
            Process process = builder.start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError("the measuring process failed:\n" + said);
            }
            return said;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    /** The process: a folder in; of each kind its name and the three figures out. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        for (Kind kind : Kind.values()) {
            try (LanguageModel model = TinyModel.load(Path.of(arguments[0]))) {
                Runnable call = call(kind, model);
                repeat(call, 50);
                MemoryGrowth start = now(model);
                repeat(call, 200);
                MemoryGrowth middle = now(model);
                repeat(call, 200);
                MemoryGrowth growth = lesser(growth(start, middle), growth(middle, now(model)));
                System.out.printf("%s %d %d %d%n", kind, growth.arrays, growth.heap, growth.resident);
            }
        }
    }

    private static MemoryGrowth growth(MemoryGrowth from, MemoryGrowth to) {
        return new MemoryGrowth(to.arrays - from.arrays, to.heap - from.heap, to.resident - from.resident);
    }

    private static MemoryGrowth lesser(MemoryGrowth a, MemoryGrowth b) {
        return new MemoryGrowth(
                Math.min(a.arrays, b.arrays), Math.min(a.heap, b.heap), Math.min(a.resident, b.resident));
    }

    /** The three figures as they stand; of memory the least of some looks, since cleaners work on beside. */
    public static MemoryGrowth now(LanguageModel model) throws IOException, InterruptedException {
        Runtime runtime = Runtime.getRuntime();
        long heap = Long.MAX_VALUE;
        long resident = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(20);
            heap = Math.min(heap, runtime.totalMemory() - runtime.freeMemory());
            resident = Math.min(resident, residentOutsideOfHeap());
        }
        return new MemoryGrowth(NativeCount.of(manager(model)), heap, resident);
    }

    private static void repeat(Runnable call, int times) {
        for (int i = 0; i < times; i++) {
            call.run();
        }
    }

    private static Runnable call(Kind kind, LanguageModel model) {
        SplittableRandom random = new SplittableRandom(1);
        AdaptedModel adapted = model.with(FORM, TinyModel.adapter(model.config(), FORM, 1));
        List<Object> kept = new ArrayList<>();
        Runnable generation = () -> adapted.generate(texts(random), 4, 1 << 20, Sampling.seeded(random.nextLong()));
        return switch (kind) {
            case TRAINING -> training(model, random);
            case GENERATION -> generation;
            case FEATURES_AND_LOSSES ->
                () -> {
                    adapted.features(texts(random), Pooling.MEAN, 1 << 20);
                    adapted.losses(texts(random), new int[] {9, 9, 9, 9}, 100);
                };
            case GENERATION_WITH_LEAKS ->
                () -> {
                    generation.run();
                    model.base().decoder().call();
                    kept.add(new float[3072]);
                    NDManager.newBaseManager("PyTorch").zeros(new Shape(3072));
                };
        };
    }

    private static Runnable training(LanguageModel model, SplittableRandom random) {
        LoraGradient graph = model.loraGradient(FORM, 0.1);
        float[] flat = FORM.flatten(model.config(), TinyModel.adapter(model.config(), FORM, 1));
        float[] gradient = new float[flat.length];
        Adam adam = new Adam(flat.length);
        return () -> {
            List<EncodedSample> batch = texts(random).stream()
                    .map(ids -> new EncodedSample(ids, 20, false))
                    .toList();
            graph.compute(batch, flat, random.nextLong(), gradient);
            adam.step(flat, gradient, 1e-3);
        };
    }

    private static List<int[]> texts(SplittableRandom random) {
        return Stream.generate(() -> TinyModel.ids(random, 30)).limit(4).toList();
    }

    /** The manager of a model's native memory. */
    public static NDManager manager(LanguageModel model) {
        try (TorchCall call = model.base().decoder().call()) {
            return Objects.requireNonNull(call.scope().getParentManager());
        }
    }

    private static long residentOutsideOfHeap() throws IOException {
        if (!Files.isReadable(ROLLUP)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(ROLLUP)) {
            long kilobytes = lines.filter(line -> line.startsWith("Anonymous:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
            return kilobytes * 1024 - Runtime.getRuntime().totalMemory();
        }
    }
}
