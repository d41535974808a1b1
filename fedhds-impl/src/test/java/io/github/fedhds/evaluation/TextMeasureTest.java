package io.github.fedhds.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.evaluation.PaperRouge.Score;
import io.github.fedhds.reduction.GoldenArrays;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TextMeasureTest {
    /** Google's rouge_score 0.1.2, written by golden/scripts/rouge_l.py. */
    @Tag("golden")
    @Test
    void googleRouge_everyCase_matchesThePackage() throws IOException {
        for (JsonElement element : GoldenArrays.json("rouge.json").getAsJsonArray("cases")) {
            JsonObject c = element.getAsJsonObject();
            String answer = c.get("hypothesis").getAsString();
            String reference = c.get("reference").getAsString();
            Map<String, Score> actual = Map.of(
                    "rouge1", GoogleRouge.n(1, answer, reference),
                    "rouge2", GoogleRouge.n(2, answer, reference),
                    "rougeL", GoogleRouge.l(answer, reference));
            for (Map.Entry<String, Score> score : actual.entrySet()) {
                JsonObject expected = c.getAsJsonObject("rouge_score").getAsJsonObject(score.getKey());
                String name = score.getKey() + " of '" + answer + "' against '" + reference + "'";
                // 1e-6 is asked; the largest difference seen is the last bit
                assertEquals(
                        expected.get("precision").getAsDouble(),
                        score.getValue().precision(),
                        1e-12,
                        name);
                assertEquals(
                        expected.get("recall").getAsDouble(), score.getValue().recall(), 1e-12, name);
                assertEquals(expected.get("f").getAsDouble(), score.getValue().f(), 1e-12, name);
            }
        }
    }

    @Test
    void everyMeasure_isWithinItsRange_andOneForEqualTexts() {
        SplittableRandom random = new SplittableRandom(3);
        List<String> words = List.of("the", "Cat", "sat.", "on", "7", "", "\u00e9t\u00e9", "a-b", "\n");
        for (int i = 0; i < 500; i++) {
            String one = text(words, random);
            String other = text(words, random);
            for (TextMeasure measure : TextMeasure.values()) {
                double score = measure.score(one, other);
                assertTrue(score >= 0 && score <= 1, measure + " of '" + one + "' and '" + other + "' is " + score);
                assertEquals(score, measure.score(one, other));
                assertTrue(measure.score("cat on mat", "cat on mat") > 1 - 1e-7, measure.name());
            }
        }
    }

    private static String text(List<String> words, SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(6); n > 0; n--) {
            text.append(words.get(random.nextInt(words.size()))).append(' ');
        }
        return text.toString();
    }

    @Test
    void exactMatchAndF1_ignoreCaseArticlesPunctuationAndSpace() {
        assertEquals(1, TextMeasure.EXACT_MATCH.score("The  Eiffel\u00a0Tower!", "eiffel tower"));
        assertEquals(0, TextMeasure.EXACT_MATCH.score("eiffel towers", "eiffel tower"));
        assertEquals(1, TextMeasure.EXACT_MATCH.score("a", "The."));
        assertEquals(0.8, TextMeasure.TOKEN_F1.score("tower in Paris", "the tower, Paris"), 1e-12);
        assertEquals(0.5, TextMeasure.TOKEN_F1.score("no no no", "no"), 1e-12); // one of three is common
        assertEquals(1, TextMeasure.TOKEN_F1.score("", "a"));
        assertEquals(0, TextMeasure.TOKEN_F1.score("", "b"));
    }

    @Test
    void googleRouge_emptyTexts_areZero() {
        assertEquals(new Score(0, 0, 0), GoogleRouge.l("", ""));
        assertEquals(new Score(0, 0, 0), GoogleRouge.n(2, "one", "one"));
        assertEquals(new Score(0, 0, 0), GoogleRouge.n(1, "\u00e9", "\u00e9"), "no letter from a to z");
        assertThrows(IllegalArgumentException.class, () -> GoogleRouge.n(0, "a", "b"));
    }
}
