package io.github.fedhds.transformer;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Turns samples into tokens: prompt, answer, end-of-text. What does not fit is cut from the end of the input text, then
 * from the end of the request; the template's own words, the response marker and the answer stay. Immutable, safe for
 * many threads.
 */
public final class SampleEncoder {
    private final Tokens tokens;
    private final PromptTemplate template;
    private final int maxTokens;
    private final int endId;

    /**
     * @param maxTokens longest sequence, at least 2; lowered to the model's positions
     */
    public SampleEncoder(LanguageModel model, PromptTemplate template, int maxTokens) {
        if (maxTokens < 2) {
            throw new IllegalArgumentException("maxTokens must be 2 or more, was " + maxTokens);
        }
        this.tokens = model.tokens();
        this.template = template;
        this.maxTokens = Math.min(maxTokens, model.config().positions());
        this.endId = model.config().endIds().get(0);
    }

    /** Longest sequence that comes out. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Prompt, answer and end-of-text; empty if the answer does not fit beside the bare template. */
    public Optional<EncodedSample> forTraining(Instruction sample) {
        int[] answer = answer(sample);
        return prompt(sample, maxTokens - answer.length)
                .map(prompt -> new EncodedSample(concat(prompt.ids(), answer), prompt.ids().length, prompt.cut()));
    }

    /** The same, but an answer too long for the model is cut at its end: every sample has features. */
    public EncodedSample forFeatures(Instruction sample) {
        return forTraining(sample).orElseGet(() -> {
            int[] bare = tokens.encode(template.prompt(new Instruction("", "", "")));
            int[] all = concat(bare, answer(sample));
            int length = Math.min(all.length, maxTokens);
            return new EncodedSample(Arrays.copyOf(all, length), Math.min(bare.length, length), true);
        });
    }

    /**
     * The prompt alone, with room left for an answer.
     *
     * @param answerTokens tokens to be generated, 0 or more
     * @throws IllegalArgumentException if the bare template leaves no such room
     */
    public EncodedSample forGeneration(Instruction sample, int answerTokens) {
        if (answerTokens < 0) {
            throw new IllegalArgumentException("answerTokens must be 0 or more, was " + answerTokens);
        }
        return prompt(sample, maxTokens - answerTokens)
                .orElseThrow(() -> new IllegalArgumentException("a prompt and " + answerTokens
                        + " answer tokens do not fit into " + maxTokens + " tokens; ask for fewer answer tokens"));
    }

    private int[] answer(Instruction sample) {
        int[] plain = tokens.encodePlain(sample.output());
        int[] answer = Arrays.copyOf(plain, plain.length + 1);
        answer[plain.length] = endId;
        return answer;
    }

    private Optional<EncodedSample> prompt(Instruction sample, int room) {
        int[] whole = tokens.encode(template.prompt(sample));
        if (whole.length <= room) {
            return Optional.of(new EncodedSample(whole, whole.length, false));
        }
        Optional<int[]> cut =
                longest(sample.input(), end -> template.prompt(sample.withInput(head(sample.input(), end))), room);
        if (cut.isEmpty()) {
            cut = longest(
                    sample.instruction(),
                    end -> template.prompt(sample.withInput("").withInstruction(head(sample.instruction(), end))),
                    room);
        }
        return cut.map(ids -> new EncodedSample(ids, ids.length, true));
    }

    /** The prompt with the longest part of a text that fits, by halving; empty if it does not fit without the text. */
    private Optional<int[]> longest(String text, IntFunction<String> prompt, int room) {
        int low = 0;
        int[] best = tokens.encode(prompt.apply(0));
        if (best.length > room) {
            return Optional.empty();
        }
        int high = text.length();
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            int[] ids = tokens.encode(prompt.apply(middle));
            if (ids.length <= room) {
                low = middle;
                best = ids;
            } else {
                high = middle;
            }
        }
        return Optional.of(best);
    }

    /** The text up to a place, moved back where it would split a surrogate pair. */
    private static String head(String text, int end) {
        boolean splits = end > 0 && end < text.length() && Character.isHighSurrogate(text.charAt(end - 1));
        return text.substring(0, splits ? end - 1 : end);
    }

    private static int[] concat(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
