package io.github.fedhds.evaluation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rouge-L of an answer against a reference, from their longest common subsequences of words. It gives the values of the
 * Python package {@code rouge} 1.0.1, which the FedHDS paper uses; they differ from those of Google's
 * {@code rouge_score}.
 *
 * <p>Texts are split into sentences at full stops and into words at white space; case and other punctuation matter. For
 * each pair of sentences a longest common subsequence is computed, and the <em>distinct</em> words of all of them are
 * counted: precision is their share of the answer's distinct words, recall their share of the reference's. A sentence
 * of white space only has one empty word. A text without a sentence scores 0 (the package throws, and the paper's code
 * counts 0). Very long texts, on which the package exceeds Python's recursion limit, are scored by the same rule.
 *
 * <p>All scores are in 0..1, without unit. Time O(n m) and memory n m / 8 bytes for sentences of n and m words.
 * Stateless, safe for many threads.
 *
 * @see <a href="https://aclanthology.org/W04-1013/">Lin 2004, section 3.2, summary level</a>
 */
public final class RougeL {
    /** Keeps the F-measure finite if precision and recall are 0. */
    private static final double EPSILON = 1e-8;

    private static final Score ZERO = new Score(0, 0, 0);

    private RougeL() {}

    /**
     * A score or a mean of scores.
     *
     * @param precision share of the answer's words that are in the reference, 0..1
     * @param recall share of the reference's words that are in the answer, 0..1
     * @param f the F-measure, less than 1e-8 below the harmonic mean of the two; the measure that the FedHDS paper
     *     reports
     */
    public record Score(double precision, double recall, double f) {}

    /**
     * Scores one answer.
     *
     * @param hypothesis the answer, may be empty
     * @param reference the reference answer, may be empty
     */
    public static Score score(String hypothesis, String reference) {
        Map<String, Integer> ids = new HashMap<>();
        List<int[]> answers = sentences(hypothesis, ids);
        Set<Integer> answerWords = words(answers);
        List<int[]> references = sentences(reference, ids);
        Set<Integer> referenceWords = words(references);
        if (answers.isEmpty() || references.isEmpty()) {
            return ZERO;
        }
        Set<Integer> common = new HashSet<>();
        for (int[] wanted : references) {
            for (int[] given : answers) {
                addCommon(wanted, given, common);
            }
        }
        double precision = (double) common.size() / answerWords.size();
        double recall = (double) common.size() / referenceWords.size();
        return new Score(precision, recall, 2 * (precision * recall / (precision + recall + EPSILON)));
    }

    /**
     * Unweighted means of precision, recall and F-measure over answers; 0 for none.
     *
     * @param hypotheses the answers
     * @param references the reference answers, one per answer in the same order
     */
    public static Score mean(List<String> hypotheses, List<String> references) {
        if (hypotheses.size() != references.size()) {
            throw new IllegalArgumentException("each answer needs its reference, was " + hypotheses.size()
                    + " answers, " + references.size() + " references");
        }
        if (hypotheses.isEmpty()) {
            return ZERO;
        }
        double precision = 0;
        double recall = 0;
        double f = 0;
        for (int i = 0; i < hypotheses.size(); i++) {
            Score score = score(hypotheses.get(i), references.get(i));
            precision += score.precision();
            recall += score.recall();
            f += score.f();
        }
        int n = hypotheses.size();
        return new Score(precision / n, recall / n, f / n);
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

    private static Set<Integer> words(List<int[]> sentences) {
        Set<Integer> words = new HashSet<>();
        for (int[] sentence : sentences) {
            for (int word : sentence) {
                words.add(word);
            }
        }
        return words;
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
