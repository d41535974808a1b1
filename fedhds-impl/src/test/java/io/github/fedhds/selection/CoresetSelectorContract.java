package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every selector keeps to; a test class of a selector extends this. */
abstract class CoresetSelectorContract {
    /** The selector under test, a new one each time. */
    abstract CoresetSelector selector();

    static Points random(int n, long seed) {
        Random random = new Random(seed);
        List<double[]> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            rows.add(new double[] {9 * random.nextInt(3) + random.nextGaussian(), random.nextGaussian()});
        }
        return rows.isEmpty() ? new Points(0, 2, new double[0]) : Points.of(rows);
    }

    private static void assertValid(Coreset coreset, Points points) {
        for (Group group : coreset.groups()) { // ids, doubles and finite centres are checked by the records themselves
            assertEquals(points.dimensions(), group.centre().orElseThrow().length);
            for (int member : group.members()) {
                assertTrue(member < points.size(), "candidate " + member + " of " + points.size());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 5, 50, 300})
    void select_anyNumberOfCandidates_givesAValidCoreset(int n) {
        for (int seed = 0; seed < 5; seed++) {
            Points points = random(n, seed);
            Coreset coreset = selector().select(Candidates.of(points), RoundContext.first());
            assertValid(coreset, points);
            if (n == 0) {
                assertEquals(Coreset.empty(), coreset);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 40})
    void select_candidatesThatCoincide_givesAValidCoreset(int n) {
        Points same = new Points(n, 2, new double[2 * n]);
        assertValid(selector().select(Candidates.of(same), RoundContext.first()), same);
        double[] values = new double[4 * n];
        for (int i = 2 * n; i < 4 * n; i++) {
            values[i] = 7;
        }
        Points two = new Points(2 * n, 2, values);
        assertValid(selector().select(Candidates.of(two), RoundContext.first()), two);
    }

    @Test
    void select_equalCandidates_areInOneGroupOrInNone() {
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            Points distinct = random(1 + random.nextInt(12), seed);
            int[] copies =
                    random.ints(5 + random.nextInt(60), 0, distinct.size()).toArray();
            Points points =
                    Points.of(IntStream.of(copies).mapToObj(distinct::point).toList());
            Map<Integer, Integer> groups = new HashMap<>();
            for (Group group : selector()
                    .select(Candidates.of(points), RoundContext.first())
                    .groups()) {
                for (int member : group.members()) {
                    Integer before = groups.put(copies[member], group.id());
                    assertTrue(before == null || before == group.id(), "seed " + seed + ", copy " + copies[member]);
                }
            }
        }
    }

    @Test
    void select_equalCandidatesAndRound_givesEqualCoresets() {
        CoresetSelector one = selector();
        for (int seed = 0; seed < 10; seed++) {
            Points points = random(60, seed);
            RoundContext round = RoundContext.first().withSeed(seed);
            Coreset first = one.select(Candidates.of(points), round);
            assertEquals(first, one.select(Candidates.of(points), round));
            assertEquals(first, selector().select(Candidates.of(points), round));
        }
    }

    @Test
    void select_onClientsInsteadOfPointsAlone_givesTheSameWhateverTheTasksAre() {
        Points points = random(60, 3);
        RoundContext round = RoundContext.first();
        Coreset expected = selector().select(Candidates.of(points), round);
        for (String tasks : new String[] {"one", "many"}) {
            List<Instruction> instructions = IntStream.range(0, 60)
                    .mapToObj(i -> new Instruction("do", "it " + i, "done", tasks.equals("one") ? "t" : "t" + i % 7))
                    .toList();
            Candidates candidates = Candidates.of(instructions, 2, () -> points, kind -> {
                throw new AssertionError("asked for " + kind);
            });
            assertEquals(expected, selector().select(candidates, round));
        }
    }

    /** A round of another client or number, to see that the choice is drawn anew. */
    static RoundContext round(int number, String client) {
        RoundContext first = RoundContext.first();
        return new RoundContext(
                first.runId(),
                number,
                Optional.of(new ClientId(client)),
                first.seed(),
                first.globalAdapter(),
                Map.of());
    }

    /** Candidates whose points nobody may ask for. */
    static Candidates blind(int n) {
        return blind(n, 2);
    }

    static Candidates blind(int n, int dimensions) {
        List<Instruction> instructions = IntStream.range(0, n)
                .mapToObj(i -> new Instruction("do", "it " + i, "done"))
                .toList();
        return Candidates.of(
                instructions,
                dimensions,
                () -> {
                    throw new AssertionError("asked for points");
                },
                kind -> {
                    throw new AssertionError("asked for " + kind);
                });
    }
}
