package io.github.fedhds.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What every feature extractor must keep. */
abstract class FeatureExtractorContract {
    /** How far a row may move with the rows beside it: float32 sums in another order. */
    private static final float TOLERANCE = 2e-5f;

    /** An extractor. */
    abstract FeatureExtractor extractor();

    /** A round whose adapter it can use. */
    abstract RoundContext round();

    static List<Instruction> instructions(int count) {
        SplittableRandom random = new SplittableRandom(count);
        List<Instruction> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(new Instruction(text(random, 12), text(random, 40), text(random, 30), "task " + i % 3));
        }
        return list;
    }

    private static String text(SplittableRandom random, int longest) {
        StringBuilder text = new StringBuilder();
        random.ints(random.nextInt(longest), 'a', 'z' + 1).forEach(c -> text.append((char) c));
        return text.toString();
    }

    @Test
    void extract_noInstructions_givesNoRowsOfTheSameWidth() {
        FeatureMatrix some = extractor().extract(instructions(2), round());
        FeatureMatrix none = extractor().extract(List.of(), round());
        assertEquals(0, none.rows());
        assertEquals(some.columns(), none.columns());
        assertEquals(some.blocks(), none.blocks());
    }

    @Test
    void extract_rows_areFiniteAndOneAnInstruction() {
        FeatureMatrix features = extractor().extract(instructions(11), round());
        assertEquals(11, features.rows());
        assertEquals(-1, features.firstNonFiniteRow());
    }

    @Test
    void extract_again_givesEqualBits() {
        FeatureExtractor extractor = extractor();
        FeatureMatrix first = extractor.extract(instructions(7), round());
        assertEquals(first, extractor.extract(instructions(7), round()));
        assertEquals(first, extractor().extract(instructions(7), round()));
    }

    @Test
    void extract_inAnotherOrder_movesTheRowsAlong() {
        List<Instruction> list = instructions(13);
        FeatureMatrix expected = extractor().extract(list, round());
        for (int seed = 0; seed < 5; seed++) {
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < 13; i++) {
                order.add(i);
            }
            Collections.shuffle(order, new Random(seed));
            FeatureMatrix actual =
                    extractor().extract(order.stream().map(list::get).toList(), round());
            for (int i = 0; i < 13; i++) {
                assertArrayEquals(expected.row(order.get(i)), actual.row(i), TOLERANCE, "row " + i);
            }
        }
    }

    @Test
    void extract_oneByOne_givesTheSameRows() {
        List<Instruction> list = instructions(9);
        FeatureMatrix together = extractor().extract(list, round());
        for (int i = 0; i < 9; i++) {
            assertArrayEquals(
                    together.row(i),
                    extractor().extract(List.of(list.get(i)), round()).row(0),
                    TOLERANCE);
        }
    }

    @Test
    void extract_tasksNames_changeNothing() {
        List<Instruction> list = instructions(6);
        List<Instruction> renamed = list.stream()
                .map(s -> new Instruction(s.instruction(), s.input(), s.output(), "other"))
                .toList();
        assertEquals(extractor().extract(list, round()), extractor().extract(renamed, round()));
    }
}
