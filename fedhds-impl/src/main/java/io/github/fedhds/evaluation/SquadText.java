package io.github.fedhds.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Answers compared as in SQuAD: in lower case, without the 32 punctuation marks of ASCII, without the words a, an and the, split
 * at white space.
 *
 * @see <a href="https://arxiv.org/abs/1606.05250">Rajpurkar et al. 2016, section 6.1</a>
 */
final class SquadText {
    private static final Set<String> ARTICLES = Set.of("a", "an", "the");

    private SquadText() {}

    static List<String> tokens(String text) {
        String bare = text.toLowerCase(Locale.ROOT).replaceAll("[!-/:-@\\[-`{-~]", "");
        return Arrays.stream(bare.split("(?U)\\s+"))
                .filter(word -> !word.isEmpty() && !ARTICLES.contains(word))
                .toList();
    }

    /** 1 for two texts without a word, 0 if one has none. */
    static double f1(String answer, String reference) {
        List<String> given = tokens(answer);
        List<String> wanted = new ArrayList<>(tokens(reference));
        if (given.isEmpty() || wanted.isEmpty()) {
            return given.equals(wanted) ? 1 : 0;
        }
        int words = wanted.size();
        int common = 0;
        for (String word : given) {
            common += wanted.remove(word) ? 1 : 0;
        }
        return 2.0 * common / (given.size() + words);
    }
}
