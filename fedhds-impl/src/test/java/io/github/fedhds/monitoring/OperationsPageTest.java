package io.github.fedhds.monitoring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.RoundSummary;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page on operations: its Java compiles, and its table has the meters that there are. */
class OperationsPageTest {
    private static final ClientId A = new ClientId("a");

    @TempDir
    private Path folder = Path.of("");

    private static String page() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path root = Files.exists(here.resolve("src/site")) ? here : Objects.requireNonNull(here.getParent());
        return Files.readString(root.resolve("src/site/markdown/operations.md"));
    }

    @Test
    void javaBlock_compiles() throws IOException {
        Matcher block = Pattern.compile("(?s)```java\n(.*?)```").matcher(page());
        assertEquals(1, block.results().count());
        block.reset().find();
        Path source = Files.writeString(folder.resolve("Operations.java"), block.group(1));
        int errors = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-proc:none", "-cp", System.getProperty("java.class.path"), source.toString());
        assertEquals(0, errors, "the page's example does not compile");
    }

    @Test
    void meterTable_namesTheMetersThatThereAre() throws IOException {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        MicrometerListener listener = new MicrometerListener(registry);
        RoundOpening opening = new RoundOpening("run", 1, List.of(A), 1, Adapter.empty(), Map.of());
        RoundResult result = new RoundResult(1, Adapter.empty(), 1, 1, 1, 1, 1, 1, 1);
        RoundReport report = new RoundReport(
                result,
                "",
                List.of(A),
                new RoundReport.Seconds(1, 1, 1, 1, 1),
                new RoundReport.Bytes(1, 1),
                new FeatureCache.Statistics(1, 1, 0, 0),
                List.of(),
                OptionalDouble.of(1));
        Withdrawal withdrawal = new Withdrawal("run", 1, A, Refusal.FAILED, "", TrainingCounts.NONE);
        listener.resumed(List.of(report), Optional.empty());
        listener.opened(opening);
        listener.answered(withdrawal, Receipt.accepted(withdrawal));
        listener.closed(result);
        listener.ended(new RoundSummary(
                opening, Optional.of(result), Optional.empty(), Map.of(), List.of(withdrawal), Duration.ZERO));
        listener.failed(1, A, new IllegalStateException());
        listener.closed(report);
        listener.stopped(new BestRound(1, 1, Adapter.empty()));
        listener.untrained(new UntrainedRun(UntrainedRun.Cause.ALL_VOID, Map.of(), false, ""));
        SimpleMeterRegistry ofTransport = new SimpleMeterRegistry();
        new TrafficMeters(new Traffic()).bindTo(ofTransport);

        TreeSet<String> there = new TreeSet<>();
        registry.getMeters().forEach(meter -> there.add(meter.getId().getName()));
        ofTransport.getMeters().forEach(meter -> there.add(meter.getId().getName()));
        TreeSet<String> told = new TreeSet<>();
        String meters = page().split("\n## ")[2];
        meters.lines()
                .filter(line -> line.startsWith("| `fedhds."))
                .flatMap(line ->
                        Pattern.compile("`(fedhds[a-z.]+)`").matcher(line).results())
                .forEach(name -> told.add(name.group(1)));
        assertEquals(there, told);
    }
}
