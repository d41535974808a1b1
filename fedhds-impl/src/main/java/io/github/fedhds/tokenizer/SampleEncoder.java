package io.github.fedhds.tokenizer;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.model.DecoderConfig;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Converts samples to tokens: prompt, answer, EOS id. A sample that is too long is cut at the end of the input text,
 * then at the end of the instruction; the template's own words, the response marker and the answer stay. Immutable,
 * safe for many threads.
 */
public final class SampleEncoder {
    private final Tokenizer tokenizer;
    private final PromptTemplate template;
    private final int maxTokens;
    private final int eosId;

    /**
     * @param maxTokens longest sequence, at least 2; lowered to the model's context length
     */
    public SampleEncoder(DecoderConfig config, Tokenizer tokenizer, PromptTemplate template, int maxTokens) {
        if (maxTokens < 2) {
            throw new IllegalArgumentException("maxTokens must be 2 or more, was " + maxTokens);
        }
        this.tokenizer = tokenizer;
        this.template = template;
        this.maxTokens = Math.min(maxTokens, config.contextLength());
        this.eosId = config.eosIds().get(0);
    }

    /** Maximum length of a sequence. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Tokens of the prompt template without a sample's texts. They are never cut, so a sample has more. */
    public int templateTokens() {
        return tokenizer.encode(template.prompt(new Instruction("", "", ""))).length;
    }

    /** Prompt, answer and EOS id; empty if the answer and the bare template do not fit. */
    public Optional<EncodedSample> forTraining(Instruction sample) {
        int[] answer = answer(sample);
        return prompt(sample, maxTokens - answer.length)
                .map(prompt -> new EncodedSample(concat(prompt.ids(), answer), prompt.ids().length, prompt.cut()));
    }

    /** The same, but an answer that is too long is cut at its end, so that every sample has features. */
    public EncodedSample forFeatures(Instruction sample) {
        return forTraining(sample).orElseGet(() -> {
            int[] bare = encoded(new Instruction("", "", "")).ids();
            int[] all = concat(bare, answer(sample));
            int length = Math.min(all.length, maxTokens);
            return new EncodedSample(Arrays.copyOf(all, length), Math.min(bare.length, length), true);
        });
    }

    /**
     * The same tokens, with the spans of instruction and answer. The instruction's span is found by comparison with the
     * prompt of an empty instruction, so any template works.
     */
    public PartedSample forParts(Instruction sample) {
        int[] answer = answer(sample);
        Optional<Prompt> fitted = fitted(sample, maxTokens - answer.length);
        if (fitted.isEmpty()) {
            EncodedSample cut = forFeatures(sample);
            return new PartedSample(cut.ids(), new int[2], new int[] {cut.answerStart(), cut.ids().length});
        }
        int[] prompt = fitted.get().ids();
        int[] without = encoded(fitted.get().sample().withInstruction("")).ids();
        int shorter = Math.min(prompt.length, without.length);
        int head = 0;
        while (head < shorter && prompt[head] == without[head]) {
            head++;
        }
        int tail = 0;
        while (tail < shorter - head && prompt[prompt.length - 1 - tail] == without[without.length - 1 - tail]) {
            tail++;
        }
        int[] ids = concat(prompt, answer);
        return new PartedSample(ids, new int[] {head, prompt.length - tail}, new int[] {prompt.length, ids.length});
    }

    /**
     * The prompt only, with room for an answer.
     *
     * @param answerTokens tokens to be generated, 0 or more
     * @throws IllegalArgumentException if the bare template leaves no room for them
     */
    public EncodedSample forGeneration(Instruction sample, int answerTokens) {
        if (answerTokens < 0) {
            throw new IllegalArgumentException("answerTokens must be 0 or more, was " + answerTokens);
        }
        return prompt(sample, maxTokens - answerTokens)
                .orElseThrow(() -> new IllegalArgumentException(noRoom(answerTokens)));
    }

    private String noRoom(int answerTokens) {
        int room = maxTokens - templateTokens();
        return "the prompt template alone has " + templateTokens() + " tokens, so " + answerTokens
                + " answer tokens do not fit into " + maxTokens + " tokens (maxTokens, or the model's context"
                + " length): raise maxTokens"
                + (room > 0 ? ", or use at most " + room + " answer tokens" : "");
    }

    private int[] answer(Instruction sample) {
        int[] plain = tokenizer.encodePlain(sample.output());
        int[] answer = Arrays.copyOf(plain, plain.length + 1);
        answer[plain.length] = eosId;
        return answer;
    }

    /** A sample, cut if necessary, and the tokens of its prompt. */
    private record Prompt(Instruction sample, int[] ids) {}

    private Prompt encoded(Instruction sample) {
        @Nullable String prompt = template.prompt(sample); // may be the application's own
        if (prompt == null) {
            throw new IllegalStateException(
                    "the prompt template " + template.getClass().getName()
                            + " returned null; it must return a text for every instruction, even if instruction, input"
                            + " and output are empty");
        }
        return new Prompt(sample, tokenizer.encode(prompt));
    }

    private Optional<EncodedSample> prompt(Instruction sample, int room) {
        return fitted(sample, room)
                .map(fit -> new EncodedSample(
                        fit.ids(), fit.ids().length, !fit.sample().equals(sample)));
    }

    /**
     * The sample with as much of its input, then of its instruction, as fits; empty if the bare template does not fit.
     */
    private Optional<Prompt> fitted(Instruction sample, int room) {
        Prompt whole = encoded(sample);
        if (whole.ids().length <= room) {
            return Optional.of(whole);
        }
        return longest(sample.input(), end -> sample.withInput(head(sample.input(), end)), room)
                .or(() -> longest(
                        sample.instruction(),
                        end -> sample.withInput("").withInstruction(head(sample.instruction(), end)),
                        room));
    }

    /**
     * The sample with the longest prefix of a text that fits, by bisection; empty if it does not fit without the text.
     */
    private Optional<Prompt> longest(String text, IntFunction<Instruction> cut, int room) {
        Prompt best = encoded(cut.apply(0));
        if (best.ids().length > room) {
            return Optional.empty();
        }
        int low = 0;
        int high = text.length();
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            Prompt longer = encoded(cut.apply(middle));
            if (longer.ids().length <= room) {
                low = middle;
                best = longer;
            } else {
                high = middle;
            }
        }
        return Optional.of(best);
    }

    /** The text up to an index, moved back by one if it would split a surrogate pair. */
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
