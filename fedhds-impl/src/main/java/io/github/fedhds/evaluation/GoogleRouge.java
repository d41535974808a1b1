package io.github.fedhds.evaluation;

import io.github.fedhds.evaluation.PaperRouge.Score;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Rouge-1, Rouge-2 and Rouge-L as Google's Python package {@code rouge_score} 0.1.2 computes them without stemming. A word is a
 * run of letters a to z and digits in the lower-case text, so other alphabets have no words. Sentences are not split.
 *
 * <p>Time O(n m) for texts of n and m words. Stateless, safe for many threads.
 *
 * @see <a href="https://aclanthology.org/W04-1013/">Lin 2004</a>
 */
public final class GoogleRouge {
    private GoogleRouge() {}

    /**
     * Overlap of n-grams, each counted as often as it occurs in both texts. 0 for a text with fewer than n words.
     *
     * @param n words of a gram, 1 or more
     * @param answer may be empty
     * @param reference may be empty
     */
    public static Score n(int n, String answer, String reference) {
        if (n < 1) {
            throw new IllegalArgumentException("n must be 1 or more, was " + n);
        }
        Map<List<String>, Integer> given = grams(n, words(answer));
        Map<List<String>, Integer> wanted = grams(n, words(reference));
        long common = 0;
        for (Map.Entry<List<String>, Integer> gram : wanted.entrySet()) {
            common += Math.min(gram.getValue(), given.getOrDefault(gram.getKey(), 0));
        }
        return score(common, sum(given), sum(wanted));
    }

    /** The longest common subsequence of words, as a share of each text. */
    public static Score l(String answer, String reference) {
        List<String> given = words(answer);
        List<String> wanted = words(reference);
        int[] above = new int[wanted.size() + 1];
        for (String word : given) {
            int[] row = new int[above.length];
            for (int j = 1; j < row.length; j++) {
                row[j] = word.equals(wanted.get(j - 1)) ? above[j - 1] + 1 : Math.max(above[j], row[j - 1]);
            }
            above = row;
        }
        return score(above[wanted.size()], given.size(), wanted.size());
    }

    private static Score score(long common, long given, long wanted) {
        double precision = (double) common / Math.max(1, given);
        double recall = (double) common / Math.max(1, wanted);
        return new Score(precision, recall, common == 0 ? 0 : 2 * precision * recall / (precision + recall));
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^a-z0-9]+"))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private static Map<List<String>, Integer> grams(int n, List<String> words) {
        Map<List<String>, Integer> grams = new HashMap<>();
        for (int i = 0; i + n <= words.size(); i++) {
            grams.merge(words.subList(i, i + n), 1, Integer::sum);
        }
        return grams;
    }

    private static long sum(Map<?, Integer> counts) {
        return counts.values().stream().mapToLong(Integer::longValue).sum();
    }
}
