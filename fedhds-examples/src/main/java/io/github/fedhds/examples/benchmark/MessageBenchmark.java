package io.github.fedhds.examples.benchmark;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.codec.AdapterPrecision;
import io.github.fedhds.codec.EncodedMessage;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.round.ClientId;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Messages per second that one thread writes, and that it reads and checks. */
@Command(
        name = "message-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Messages and megabytes a second, on one thread.")
public final class MessageBenchmark implements Callable<Integer> {
    @Option(names = "--seconds", description = "for each measurement")
    private double seconds = 1;

    @Option(names = "--repeats", description = "measurements of which the best counts")
    private int repeats = 5;

    @Option(names = "--parameters", description = "numbers in the large adapter, in 16 tensors")
    private int parameters = 4_000_000;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new MessageBenchmark());
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        out.println("| message | bytes | written a second | read a second | read as a stream |");
        out.println("|---|---|---|---|---|");
        ClientId client = new ClientId("client 17");
        SplittableRandom random = new SplittableRandom(1);
        Map<String, Message> small = new LinkedHashMap<>();
        CentroidReport report = new CentroidReport(
                "run",
                3,
                client,
                IntStream.range(0, 10)
                        .mapToObj(i -> new Centroid(i, new double[] {random.nextGaussian(), random.nextGaussian()}))
                        .toList());
        small.put("receipt", Receipt.accepted(report));
        small.put(
                "selection of 10 groups",
                GroupSelection.of(report, IntStream.range(0, 10).boxed().toList()));
        small.put("10 centroids", report);
        small.put("update of 4 x 64 numbers", update(client, adapter(random, 4, 64)));
        small.forEach((name, message) -> row(out, name, MessageCodec.defaults(), message));
        AdapterUpdate large = update(client, adapter(random, 16, parameters / 16));
        for (AdapterPrecision precision : AdapterPrecision.values()) {
            MessageCodec codec = MessageCodec.builder().updates(precision).build();
            row(out, "update of " + parameters + " numbers, " + precision, codec, large);
        }
        return 0;
    }

    private static AdapterUpdate update(ClientId client, Adapter adapter) {
        return new AdapterUpdate("run", 3, client, adapter, 12, 1.5);
    }

    private static Adapter adapter(SplittableRandom random, int tensors, int numbers) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        for (int i = 0; i < tensors; i++) {
            all.put("model.layers." + i + ".self_attn.q_proj.lora_A", Tensor.of(new int[] {numbers}, k ->
                    (float) random.nextGaussian(0, 0.02)));
        }
        return new Adapter(all);
    }

    private void row(PrintWriter out, String name, MessageCodec codec, Message message) {
        byte[] bytes = codec.encode(message).toByteArray();
        double written = rate(() -> codec.encode(message).toByteArray());
        double read = rate(() -> codec.decode(bytes));
        double streamed = rate(() -> codec.decode(new ByteArrayInputStream(bytes)));
        EncodedMessage form = codec.encode(message);
        out.printf(Locale.ROOT, "| %s | %,d | %,.0f | %,.0f | %,.0f |%n", name, form.bytes(), written, read, streamed);
        out.flush();
    }

    private double rate(Runnable work) {
        double best = 0;
        for (int i = 0; i < repeats; i++) {
            best = Math.max(best, perSecond(work));
        }
        return best;
    }

    private double perSecond(Runnable work) {
        long start = System.nanoTime();
        long runs = 0;
        long now = start;
        while (runs == 0 || now - start < seconds * 1e9) {
            work.run();
            runs++;
            now = System.nanoTime();
        }
        return runs / ((now - start) / 1e9);
    }
}
