package io.github.fedhds.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.evaluation.RougeL.Score;
import io.github.fedhds.reduction.GoldenArrays;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RougeLTest {
    /** The rouge package 1.0.1, written by golden/scripts/rouge_l.py; null where it refuses. */
    @Tag("golden")
    @Test
    void score_everyCase_matchesThePackage() throws IOException {
        for (JsonElement element : GoldenArrays.json("rouge.json").getAsJsonArray("cases")) {
            JsonObject c = element.getAsJsonObject();
            String hypothesis = c.get("hypothesis").getAsString();
            String reference = c.get("reference").getAsString();
            JsonElement expected = c.get("rouge_package");
            String name = "'" + hypothesis + "' against '" + reference + "'";
            Score actual = RougeL.score(hypothesis, reference);
            assertEquals(
                    value(expected, "precision"), actual.precision(), 1e-12, name); // 1e-6 is asked; equal bits seen
            assertEquals(value(expected, "recall"), actual.recall(), 1e-12, name);
            assertEquals(value(expected, "f"), actual.f(), 1e-12, name);
        }
    }

    private static double value(JsonElement score, String field) {
        return score.isJsonNull() ? 0 : score.getAsJsonObject().get(field).getAsDouble();
    }

    @Test
    void score_repeatedWords_countOnce() {
        assertEquals(1, RougeL.score("the the the", "the").precision());
        assertEquals(2.0 / 3, RougeL.score("b c", "a b c b c").recall());
    }

    @Test
    void score_manySentences_joinTheirCommonWords() {
        // of "w1 w2 w3 w4 w5" the two sentences hold w1 w2 and w1 w3 w5 (Lin 2004, section 3.2)
        Score score = RougeL.score("w1 w2 w6 w7 w8.w1 w3 w8 w9 w5", "w1 w2 w3 w4 w5");
        assertEquals(4.0 / 5, score.recall(), 1e-15);
        assertEquals(4.0 / 8, score.precision(), 1e-15);
    }

    @Test
    void score_spaceOnlySentence_holdsOneEmptyWord() {
        assertEquals(new Score(1, 1, 2 * (1 / (2 + 1e-8))), RougeL.score(" ", "\t"));
        assertEquals(0.5, RougeL.score("word. ", "word").precision());
        assertEquals(0, RougeL.score(" ", "word").f());
    }

    @Test
    void score_pythonWhiteSpace_separatesWords() {
        assertEquals(
                1, RougeL.score("a\u00a0b\u0085c\u2007d\u001ce", "a b c d e").recall());
    }

    @Test
    void score_textWithoutSentence_isZero() {
        for (String empty : List.of("", ".", "...")) {
            assertEquals(new Score(0, 0, 0), RougeL.score(empty, "x"));
            assertEquals(new Score(0, 0, 0), RougeL.score("x", empty));
        }
    }

    @Test
    void score_tenThousandWords_needsLittleMemory() {
        Random random = new Random(3);
        String a = random.ints(10_000, 0, 5_000).mapToObj(Integer::toString).collect(Collectors.joining(" "));
        String b = random.ints(10_000, 0, 5_000).mapToObj(Integer::toString).collect(Collectors.joining(" "));
        Score score = RougeL.score(a, b);
        assertTrue(score.f() > 0 && score.f() < 0.5, score.toString());
        assertEquals(1, RougeL.score(a, a).recall());
    }

    @Test
    void mean_ofScores_weighsAllEqually() {
        Score mean = RougeL.mean(List.of("a", "", "a b"), List.of("a", "a", "a c"));
        assertEquals(0.5, mean.precision(), 1e-15);
        assertEquals(0.5, mean.recall(), 1e-15);
        assertEquals(0.5, mean.f(), 1e-8);
        assertEquals(new Score(0, 0, 0), RougeL.mean(List.of(), List.of()));
        assertThrows(IllegalArgumentException.class, () -> RougeL.mean(List.of("a"), List.of()));
    }
}
