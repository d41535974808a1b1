package io.github.fedhds.tokenizer;

import io.github.fedhds.instruction.Instruction;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Numbers of tokens of samples, as a model reads them: with the prompt template, the answer and the end token, and cut to the longest
 * sample. Tokenizes each sample once, on all cores. Immutable, safe for many threads.
 */
public final class TokenCounts {
    private final int[] lengths; // ascending
    private final int cut;
    private final int tooLong;

    private TokenCounts(int[] lengths, int cut, int tooLong) {
        this.lengths = lengths;
        this.cut = cut;
        this.tooLong = tooLong;
        Arrays.sort(lengths);
    }

    /** Counts of training, which leaves out a sample whose answer does not fit. */
    public static TokenCounts forTraining(SampleEncoder encoder, List<Instruction> samples) {
        return of(samples, encoder::forTraining);
    }

    /** Counts of features, where every sample is used. */
    public static TokenCounts forFeatures(SampleEncoder encoder, List<Instruction> samples) {
        return of(samples, sample -> Optional.of(encoder.forFeatures(sample)));
    }

    /**
     * Counts of prompts to answer.
     *
     * @param answerTokens tokens that the prompts leave room for
     * @throws IllegalArgumentException as {@link SampleEncoder#forGeneration}
     */
    public static TokenCounts forGeneration(SampleEncoder encoder, List<Instruction> samples, int answerTokens) {
        return of(samples, sample -> Optional.of(encoder.forGeneration(sample, answerTokens)));
    }

    private static TokenCounts of(List<Instruction> samples, Function<Instruction, Optional<EncodedSample>> encode) {
        record Length(int tokens, boolean cut) {}
        List<Length> used = samples.parallelStream()
                .flatMap(sample -> encode.apply(sample).stream())
                .map(encoded -> new Length(encoded.ids().length, encoded.cut()))
                .toList();
        return new TokenCounts(
                used.stream().mapToInt(Length::tokens).toArray(),
                (int) used.stream().filter(Length::cut).count(),
                samples.size() - used.size());
    }

    /** Number of samples that are used. */
    public int samples() {
        return lengths.length;
    }

    /** Number of these whose prompt, or for features also answer, is cut. */
    public int cut() {
        return cut;
    }

    /** Number of samples that are left out, because the answer does not fit beside the prompt template. */
    public int tooLong() {
        return tooLong;
    }

    /** Tokens of all samples that are used. */
    public long total() {
        return Arrays.stream(lengths).asLongStream().sum();
    }

    /** Mean number of tokens of a sample; 0 without samples. */
    public double mean() {
        return lengths.length == 0 ? 0 : total() / (double) lengths.length;
    }

    /**
     * The smallest number of tokens that at least this share of the samples do not exceed: 0.5 is the median, 1 the longest
     * sample; 0 without samples.
     *
     * @param share 0 to 1
     */
    public int quantile(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share must be 0 to 1, was " + share);
        }
        return lengths.length == 0 ? 0 : lengths[Math.max(0, (int) Math.ceil(share * lengths.length - 1e-9) - 1)];
    }

    @Override
    public String toString() {
        return "TokenCounts[" + samples() + " samples, " + total() + " tokens, at most " + quantile(1) + ", " + cut
                + " cut, " + tooLong + " too long]";
    }
}
