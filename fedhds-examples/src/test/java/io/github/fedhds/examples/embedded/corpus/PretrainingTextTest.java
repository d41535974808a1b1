package io.github.fedhds.examples.embedded.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PretrainingTextTest {
    private static final int DOCUMENTS = 20_000;
    private static final int RUN = 6;
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

    private static final List<String> documents = new ArrayList<>();

    @BeforeAll
    static void generate() {
        PretrainingText text = new PretrainingText(11);
        for (int i = 0; i < DOCUMENTS; i++) {
            documents.add(text.document(i));
        }
    }

    @Test
    void document_sameSeedAndIndex_isTheSameInAnyOrder() {
        PretrainingText again = new PretrainingText(11);
        for (int i = 99; i >= 0; i--) {
            assertEquals(documents.get(i), again.document(i));
        }
    }

    @Test
    void document_otherSeed_differs() {
        PretrainingText other = new PretrainingText(12);
        for (int i = 0; i < 100; i++) {
            assertNotEquals(documents.get(i), other.document(i));
        }
    }

    @Test
    void documents_ofOneSeed_areAllDifferentAndOfModerateLength() {
        assertEquals(DOCUMENTS, new HashSet<>(documents).size());
        for (String document : documents) {
            int words = document.split("\\s+").length;
            assertTrue(words >= 20 && words <= 260, () -> words + " words: " + document);
        }
    }

    @Test
    void documents_holdNothingOfTheInstructionForm() {
        String prompt = PromptTemplate.alpaca().prompt(new Instruction("x", "x", "x"));
        List<String> form = new ArrayList<>(List.of("### Instruction", "### Input", "### Response"));
        form.addAll(List.of(prompt.split("\n")[0].split("(?<=\\.) ")));
        form.add("Below is an instruction that describes a task");
        for (String document : documents) {
            for (String part : form) {
                assertFalse(document.contains(part), () -> part + " in: " + document);
            }
        }
        assertNoSharedRuns(runs(List.of(prompt)));
    }

    @Test
    void documents_shareNoRunOfWordsWithUnseenDefinitions() {
        List<String> definitions =
                Definitions.UNSEEN.values().stream().flatMap(List::stream).toList();
        for (String document : documents) {
            for (String definition : definitions) {
                assertFalse(document.contains(definition), () -> definition + " in: " + document);
            }
        }
        assertNoSharedRuns(runs(definitions));
    }

    /** By the text, so that a leak by a form, and not by a skill alone, would be seen too. */
    @Test
    void documents_neverAnswerAnUnseenInstance() {
        String all = String.join("\0", documents);
        for (Instruction row : new InstructionSet(5).unseen(30)) {
            // the input as a whole, not within a longer list, and the answer in the next few words
            Pattern leak = Pattern.compile("(?<![\\w,] )(?<!\\w)" + Pattern.quote(row.input())
                    + "(?![\\w,])[^\0]{0,60}?(?<!\\w)" + Pattern.quote(row.output()) + "(?!\\w)");
            for (int at = all.indexOf(row.input()); at >= 0; at = all.indexOf(row.input(), at + 1)) {
                Matcher matcher = leak.matcher(all).region(at, Math.min(all.length(), at + 400));
                matcher.useTransparentBounds(true);
                assertFalse(matcher.lookingAt(), () -> row + " answered in " + matcher.group());
            }
        }
    }

    @Test
    void documents_useEveryWordOfPromptsAndDefinitions() {
        Map<String, Integer> counts = new HashMap<>();
        for (String document : documents) {
            for (String word : words(document)) {
                counts.merge(word, 1, Integer::sum);
            }
        }
        List<String> needed = new ArrayList<>(List.of(PromptTemplate.alpaca().prompt(new Instruction("", "the", ""))));
        Definitions.TRAINING.values().forEach(needed::addAll);
        Definitions.UNSEEN.values().forEach(needed::addAll);
        for (String text : needed) {
            for (String word : words(text.replace("{x}", ""))) {
                // 20 in 2.7 million tokens: 100 and more in a pre-training run
                assertTrue(counts.getOrDefault(word, 0) >= 20, () -> word + " occurs " + counts.get(word) + " times");
            }
        }
    }

    private static void assertNoSharedRuns(Set<List<String>> runs) {
        for (String document : documents) {
            for (List<String> run : runs(List.of(document))) {
                assertFalse(runs.contains(run), () -> run + " in: " + document);
            }
        }
    }

    private static Set<List<String>> runs(List<String> texts) {
        Set<List<String>> runs = new HashSet<>();
        for (String text : texts) {
            List<String> words = words(text.toLowerCase(Locale.ROOT));
            for (int i = 0; i + RUN <= words.size(); i++) {
                runs.add(words.subList(i, i + RUN));
            }
        }
        return runs;
    }

    private static List<String> words(String text) {
        return WORD.matcher(text).results().map(result -> result.group()).toList();
    }
}
