package io.github.fedhds.evaluation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Rouge-1, Rouge-2 and Rouge-L of an answer against a reference, as the Python package {@code rouge} 1.0.1 computes them,
 * which the FedHDS paper uses. They differ from those of Google's {@code rouge_score}, see {@link GoogleRouge}.
 *
 * <p>Texts are split into sentences at full stops and into words at white space; case and other punctuation matter.
 * <em>Distinct</em> words or n-grams are counted: precision is the share of the answer's that are common, recall the share of
 * the reference's. A sentence of white space only has one empty word. A text without a sentence scores 0 (the package
 * throws, and the paper's code counts 0). Very long texts, on which the package exceeds Python's recursion limit, are scored
 * by the same rule.
 *
 * <p>All scores are in 0..1, without unit. Stateless, safe for many threads.
 *
 * @see <a href="https://aclanthology.org/W04-1013/">Lin 2004</a>
 */
public final class PaperRouge {
    /** Keeps the F-measure finite if precision and recall are 0. */
    private static final double EPSILON = 1e-8;

    private static final Score ZERO = new Score(0, 0, 0);

    private PaperRouge() {}

    /**
     * A score.
     *
     * @param precision share of the answer's words or n-grams that are in the reference, 0..1
     * @param recall share of the reference's words or n-grams that are in the answer, 0..1
     * @param f the F-measure: the harmonic mean of the two, or here less than 1e-8 below it
     */
    public record Score(double precision, double recall, double f) {}

    /**
     * Rouge-L: the words of longest common subsequences, one for each pair of sentences. Time O(n m) and memory n m / 8 bytes
     * for sentences of n and m words.
     *
     * @param answer may be empty
     * @param reference may be empty
     * @see <a href="https://aclanthology.org/W04-1013/">Lin 2004, section 3.2, summary level</a>
     */
    public static Score l(String answer, String reference) {
        Map<String, Integer> ids = new HashMap<>();
        List<int[]> answers = sentences(answer, ids);
        List<int[]> references = sentences(reference, ids);
        Set<Integer> common = new HashSet<>();
        for (int[] wanted : references) {
            for (int[] given : answers) {
                addCommon(wanted, given, common);
            }
        }
        return score(
                common.size(), grams(1, answers).size(), grams(1, references).size());
    }

    /**
     * Rouge-n: the common n-grams, each counted once. An n-gram may reach over the end of a sentence. 0 for a text with fewer
     * than n words. Time and memory O(n w) for texts of w words.
     *
     * @param n words of a gram, 1 or more
     * @param answer may be empty
     * @param reference may be empty
     */
    public static Score n(int n, String answer, String reference) {
        if (n < 1) {
            throw new IllegalArgumentException("n must be 1 or more, was " + n);
        }
        Map<String, Integer> ids = new HashMap<>();
        Set<List<Integer>> given = grams(n, sentences(answer, ids));
        Set<List<Integer>> wanted = grams(n, sentences(reference, ids));
        Set<List<Integer>> common = new HashSet<>(given);
        common.retainAll(wanted);
        return score(common.size(), given.size(), wanted.size());
    }

    private static Score score(int common, int given, int wanted) {
        if (common == 0) {
            return ZERO;
        }
        double precision = (double) common / given;
        double recall = (double) common / wanted;
        return new Score(precision, recall, 2 * (precision * recall / (precision + recall + EPSILON)));
    }

    /** Sentences as word numbers; equal words have equal numbers. */
    private static List<int[]> sentences(String text, Map<String, Integer> ids) {
        List<int[]> sentences = new ArrayList<>();
        for (int from = 0; from < text.length(); ) {
            int stop = text.indexOf('.', from);
            int end = stop < 0 ? text.length() : stop;
            if (end > from) {
                sentences.add(words(text.substring(from, end)).stream()
                        .mapToInt(word -> ids.computeIfAbsent(word, w -> ids.size()))
                        .toArray());
            }
            from = end + 1;
        }
        return sentences;
    }

    private static List<String> words(String sentence) {
        List<String> words = new ArrayList<>();
        int from = -1;
        for (int i = 0; i <= sentence.length(); i++) {
            boolean space = i == sentence.length() || isSpace(sentence.charAt(i));
            if (space && from >= 0) {
                words.add(sentence.substring(from, i));
                from = -1;
            } else if (!space && from < 0) {
                from = i;
            }
        }
        return words.isEmpty() ? List.of("") : words;
    }

    /** White space as in Python, which includes no-break spaces and the next-line control. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    /** The distinct n-grams of all sentences in a row. */
    private static Set<List<Integer>> grams(int n, List<int[]> sentences) {
        List<Integer> words =
                sentences.stream().flatMapToInt(IntStream::of).boxed().toList();
        Set<List<Integer>> grams = new HashSet<>();
        for (int i = 0; i + n <= words.size(); i++) {
            grams.add(words.subList(i, i + n));
        }
        return grams;
    }

    /**
     * Adds the words of a longest common subsequence. Among several of equal length, it takes the one found walking
     * back from both ends: match equal words, otherwise shorten {@code x} only if that alone keeps the length.
     */
    private static void addCommon(int[] x, int[] y, Set<Integer> common) {
        long[][] shortenX =
                new long[x.length][(y.length + 63) / 64]; // one bit per cell: the lengths themselves would not fit
        int[] above = new int[y.length + 1];
        int[] row = new int[y.length + 1];
        for (int i = 0; i < x.length; i++) {
            long[] bits = shortenX[i];
            for (int j = 0; j < y.length; j++) {
                int up = above[j + 1];
                int left = row[j];
                if (x[i] == y[j]) {
                    row[j + 1] = above[j] + 1;
                } else {
                    row[j + 1] = Math.max(up, left);
                    if (up > left) {
                        bits[j >> 6] |= 1L << j;
                    }
                }
            }
            int[] swap = above;
            above = row;
            row = swap;
        }
        int i = x.length - 1;
        int j = y.length - 1;
        while (i >= 0 && j >= 0) {
            if (x[i] == y[j]) {
                common.add(x[i]);
                i--;
                j--;
            } else if ((shortenX[i][j >> 6] >>> j & 1) != 0) {
                i--;
            } else {
                j--;
            }
        }
    }
}
