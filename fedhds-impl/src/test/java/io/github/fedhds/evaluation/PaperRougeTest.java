package io.github.fedhds.evaluation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.evaluation.PaperRouge.Score;
import io.github.fedhds.reduction.GoldenArrays;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class PaperRougeTest {
    /** The rouge package 1.0.1, written by golden/scripts/rouge_l.py; null where it refuses. */
    @Tag("golden")
    @Test
    void l_everyCase_matchesThePackage() throws IOException {
        for (JsonElement element : GoldenArrays.json("rouge.json").getAsJsonArray("cases")) {
            JsonObject c = element.getAsJsonObject();
            String hypothesis = c.get("hypothesis").getAsString();
            String reference = c.get("reference").getAsString();
            JsonElement expected = c.get("rouge_package");
            String name = "'" + hypothesis + "' against '" + reference + "'";
            Score actual = PaperRouge.l(hypothesis, reference);
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
    void l_repeatedWords_countOnce() {
        assertEquals(1, PaperRouge.l("the the the", "the").precision());
        assertEquals(2.0 / 3, PaperRouge.l("b c", "a b c b c").recall());
    }

    @Test
    void l_manySentences_joinTheirCommonWords() {
        // of "w1 w2 w3 w4 w5" the two sentences hold w1 w2 and w1 w3 w5 (Lin 2004, section 3.2)
        Score score = PaperRouge.l("w1 w2 w6 w7 w8.w1 w3 w8 w9 w5", "w1 w2 w3 w4 w5");
        assertEquals(4.0 / 5, score.recall(), 1e-15);
        assertEquals(4.0 / 8, score.precision(), 1e-15);
    }

    @Test
    void l_spaceOnlySentence_holdsOneEmptyWord() {
        assertEquals(new Score(1, 1, 2 * (1 / (2 + 1e-8))), PaperRouge.l(" ", "\t"));
        assertEquals(0.5, PaperRouge.l("word. ", "word").precision());
        assertEquals(0, PaperRouge.l(" ", "word").f());
    }

    @Test
    void l_pythonWhiteSpace_separatesWords() {
        assertEquals(
                1, PaperRouge.l("a\u00a0b\u0085c\u2007d\u001ce", "a b c d e").recall());
    }

    @Test
    void l_textWithoutSentence_isZero() {
        for (String empty : List.of("", ".", "...")) {
            assertEquals(new Score(0, 0, 0), PaperRouge.l(empty, "x"));
            assertEquals(new Score(0, 0, 0), PaperRouge.l("x", empty));
        }
    }

    @Test
    void l_tenThousandWords_needsLittleMemory() {
        Random random = new Random(3);
        String a = random.ints(10_000, 0, 5_000).mapToObj(Integer::toString).collect(Collectors.joining(" "));
        String b = random.ints(10_000, 0, 5_000).mapToObj(Integer::toString).collect(Collectors.joining(" "));
        Score score = PaperRouge.l(a, b);
        assertTrue(score.f() > 0 && score.f() < 0.5, score.toString());
        assertEquals(1, PaperRouge.l(a, a).recall());
    }

    /** Values of the rouge package 1.0.1, F of Rouge-1 and Rouge-2. */
    @Test
    void n_cases_matchThePackage() {
        assertN(0.7999999950000002, 0.5999999950000001, "the cat sat on the mat", "the cat was on the mat");
        assertN(0.999999995, 0, "the the the", "the"); // distinct
        assertN(0.999999995, 0.749999995, "First sentence. Second one here.", "Second one here. First sentence.");
        assertN(0.999999995, 0, " ", "\t");
        assertN(0.6666666622222223, 0, "word. ", "word");
        assertN(0.999999995, 0.6666666622222223, "a b a b", "a b");
        assertN(0, 0, "Hello, World", "hello world");
    }

    private static void assertN(double one, double two, String answer, String reference) {
        assertEquals(one, PaperRouge.n(1, answer, reference).f(), 1e-12, answer);
        assertEquals(two, PaperRouge.n(2, answer, reference).f(), 1e-12, answer);
    }

    @Test
    void n_fewerWords_isZeroAndLessThanOneIsRefused() {
        assertEquals(new Score(0, 0, 0), PaperRouge.n(3, "a b", "a b"));
        assertEquals(new Score(0, 0, 0), PaperRouge.n(1, "...", "a"));
        assertEquals(new Score(0, 0, 0), PaperRouge.n(1, "", ""));
        assertFails(IllegalArgumentException.class, () -> PaperRouge.n(0, "a", "a"), "n must be 1 or more, was 0");
    }
}
