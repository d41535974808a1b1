package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptPart;
import io.github.fedhds.instruction.Turn;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.TrainingCounts;
import io.github.fedhds.training.TrainingResult;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A record of the module refuses a null component where it is made, by the component's name. */
class NullComponentsTest {
    private static final ClientId CLIENT = new ClientId("c");
    private static final Adapter NONE = Adapter.empty();

    static Stream<Record> records() {
        CentroidReport report = new CentroidReport("r", 1, CLIENT, List.of());
        RoundOpening opening = new RoundOpening("r", 1, List.of(CLIENT), 1, NONE, Map.of());
        Frame.Axes axes = new Frame.Axes(new float[1], new float[1]);
        return Stream.of(
                CLIENT,
                report,
                report.key(),
                opening,
                RoundContext.first(),
                new AdapterUpdate("r", 1, CLIENT, NONE, 1, 0),
                new Withdrawal("r", 1, CLIENT, Refusal.LATE, "late", TrainingCounts.NONE),
                GroupSelection.of(report, List.of()),
                new MeanUpdate(NONE, 1, 0),
                Receipt.accepted(report),
                Refusal.LATE,
                new Centroid(0, new double[1]),
                axes,
                new Frame.Signs(1, 1),
                new RoundResult(1, NONE, 1, 1, 1, 1, 1, 1, 0),
                new TrainingResult(NONE, 0, new double[0]),
                TrainingCounts.NONE,
                MessageLimits.defaults(),
                new Group(0, new int[1], 1),
                Coreset.empty(),
                SampleScore.ANSWER_LOSS,
                new Instruction("do", "", "done"),
                PromptPart.text("do"),
                Turn.user("do"),
                new ServerState("r", 1, 0, List.of(), Map.of(), NONE, NONE),
                new RoundProgress(
                        1, RoundProgress.Step.REPORTS, List.of(), List.of(), List.of(), List.of(), 0, Optional.empty()),
                new RoundSummary(opening, Optional.empty(), Optional.empty(), Map.of(), List.of(), Duration.ZERO));
    }

    @ParameterizedTest
    @MethodSource("records")
    void record_nullComponent_isRefusedByName(Record valid) throws ReflectiveOperationException {
        RecordComponent[] components = valid.getClass().getRecordComponents();
        Constructor<?> canonical = valid.getClass()
                .getDeclaredConstructor(
                        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
        for (int i = 0; i < components.length; i++) {
            if (components[i].getType().isPrimitive()) {
                continue;
            }
            Object[] values = new Object[components.length];
            for (int j = 0; j < values.length; j++) {
                values[j] = j == i ? null : components[j].getAccessor().invoke(valid);
            }
            InvocationTargetException failure =
                    assertThrows(InvocationTargetException.class, () -> canonical.newInstance(values));
            String name = components[i].getName();
            Throwable cause = assertInstanceOf(NullPointerException.class, failure.getCause());
            // the JVM's own message would name a method too
            String message = String.valueOf(cause.getMessage());
            assertTrue(
                    message.equals(name) || message.startsWith("the " + name + " of"),
                    () -> valid.getClass() + "." + name + ": " + message);
        }
    }

    @Test
    void records_areAllOfTheModule() throws IOException, URISyntaxException {
        Path classes = Path.of(ClientId.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        TreeSet<String> all = new TreeSet<>();
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                String name = classes.relativize(file)
                        .toString()
                        .replace(".class", "")
                        .replace('/', '.');
                if (name.endsWith("-info")) {
                    continue;
                }
                try {
                    Class<?> type = Class.forName(name);
                    if (type.isRecord() && Modifier.isPublic(type.getModifiers())) {
                        all.add(name);
                    }
                } catch (ClassNotFoundException e) {
                    throw new AssertionError(name, e);
                }
            }
        }
        assertEquals(all, records().map(r -> r.getClass().getName()).collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void instruction_nullPart_saysWhatToUse() {
        String absent = nothing();
        Errors.assertFails(
                NullPointerException.class,
                () -> new Instruction("do", absent, "done"),
                "the input of an instruction is null",
                "use an empty string");
    }

    @Test
    void candidates_nullArgument_isRefusedByName() {
        Points points = nothing();
        List<Instruction> instructions = nothing();
        Class<NullPointerException> kind = NullPointerException.class;
        assertEquals("points", Errors.assertFails(kind, () -> Candidates.of(points)));
        assertEquals("points", Errors.assertFails(kind, () -> Candidates.of(points, 1)));
        assertEquals(
                "instructions",
                Errors.assertFails(kind, () -> Candidates.of(instructions, 1, () -> points, s -> new double[0])));
    }

    /** A null that the checker of null does not see. */
    @SuppressWarnings("NullAway")
    private static <T> T nothing() {
        return null;
    }
}
