package io.github.fedhds.tokenizer;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.instruction.Turn;
import io.github.fedhds.model.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Converts samples to tokens: prompt, answer, and the end token: the template's, or the model's EOS token. A special token
 * that is written in a sample's text stays text. A sample that is too long loses its oldest turns, then its system turn,
 * then is cut at the end of the input text, then at the end of the instruction; the template's own words, the response
 * marker and the answer stay. Immutable, safe for many threads.
 */
public final class SampleEncoder {
    private final Tokenizer tokenizer;
    private final PromptTemplate template;
    private final int maxTokens;
    private final int eosId;

    /**
     * @param maxTokens longest sequence, at least 2; lowered to the model's context length
     * @throws IllegalArgumentException if the tokenizer has no special token of the template's name, or the template's
     *     end token is not one at which the model's texts end
     */
    public SampleEncoder(DecoderConfig config, Tokenizer tokenizer, PromptTemplate template, int maxTokens) {
        if (maxTokens < 2) {
            throw new IllegalArgumentException("maxTokens must be 2 or more, was " + maxTokens);
        }
        this.tokenizer = tokenizer;
        this.template = template;
        this.maxTokens = Math.min(maxTokens, config.contextLength());
        this.eosId = endId(config, tokenizer, template);
    }

    private static int endId(DecoderConfig config, Tokenizer tokenizer, PromptTemplate template) {
        Optional<String> token = template.endToken();
        if (token.isEmpty()) {
            return config.eosIds().get(0);
        }
        int id = tokenizer.specialId(token.get());
        if (!config.eosIds().contains(id)) { // generation would go on behind it
            throw new IllegalArgumentException("the prompt template ends an answer with " + token.get() + ", id " + id
                    + ", but the model's end tokens are " + config.eosIds() + "; add the id to eos_token_id in"
                    + " generation_config.json, or set the template that the model was trained with (template of FedHds,"
                    + " --template of the main job)");
        }
        return id;
    }

    /** Maximum length of a sequence. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Tokens of the prompt template without a sample's texts. They are never cut, so a sample has more. */
    public int templateTokens() {
        return encoded(new Instruction("", "", "")).ids().length;
    }

    /**
     * Prompt, answer and EOS id; empty if the answer and the bare template do not fit. The answers of earlier turns are
     * answers too if the template has turns. An earlier answer whose tokens in the prompt are not those of an answer is
     * not: with Mistral's forms, where a system text stands in the last user turn, or if the template adds a text before
     * the answer.
     */
    public Optional<EncodedSample> forTraining(Instruction sample) {
        return withAnswer(sample, this::earlierAnswers);
    }

    private Optional<EncodedSample> withAnswer(Instruction sample, Function<Prompt, List<TokenSpan>> earlier) {
        int[] answer = answer(sample);
        return fitted(sample, maxTokens - answer.length)
                .map(prompt -> new EncodedSample(
                        concat(prompt.ids(), answer),
                        prompt.ids().length,
                        !prompt.sample().equals(sample),
                        earlier.apply(prompt)));
    }

    /** The earlier answers that are tokenized as answers: what a model writes when it continues the prompt before them. */
    private List<TokenSpan> earlierAnswers(Prompt prompt) {
        List<Turn> turns = prompt.sample().history();
        List<TokenSpan> spans = new ArrayList<>();
        for (int i = 1; i < turns.size(); i++) {
            if (turns.get(i).role() != Turn.Role.ASSISTANT
                    || turns.get(i).text().isBlank()) {
                continue;
            }
            Instruction earlier =
                    new Instruction(turns.get(i - 1).text(), "", turns.get(i).text(), "", turns.subList(0, i - 1));
            int[] before = encoded(earlier).ids();
            int[] all = concat(before, answer(earlier));
            if (all.length <= prompt.ids().length
                    && Arrays.mismatch(all, Arrays.copyOf(prompt.ids(), all.length)) < 0) {
                spans.add(new TokenSpan(before.length, all.length));
            }
        }
        return spans;
    }

    /**
     * The same without the places of earlier answers; but an answer that is too long is cut at its end, so that every
     * sample has features.
     */
    public EncodedSample forFeatures(Instruction sample) {
        return withAnswer(sample, prompt -> List.of()).orElseGet(() -> {
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
        return fitted(sample, maxTokens - answerTokens)
                .map(fit -> new EncodedSample(
                        fit.ids(), fit.ids().length, !fit.sample().equals(sample)))
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
        int[] plain = tokenizer.encodePlain(template.answer(sample));
        int[] answer = Arrays.copyOf(plain, plain.length + 1);
        answer[plain.length] = eosId;
        return answer;
    }

    /** A sample, cut if necessary, and the tokens of its prompt. */
    private record Prompt(Instruction sample, int[] ids) {}

    private Prompt encoded(Instruction sample) {
        if (template.prompt(sample) == null) { // may be the application's own
            throw new IllegalStateException(
                    "the prompt template " + template.getClass().getName()
                            + " returned null; it must return a text for every instruction, even if instruction, input"
                            + " and output are empty");
        }
        return new Prompt(sample, tokenizer.encode(template.parts(sample)));
    }

    /**
     * The sample with as many of its latest turns, then as much of its input, then of its instruction, as fits; empty if
     * the bare template does not fit.
     */
    private Optional<Prompt> fitted(Instruction sample, int room) {
        Prompt whole = encoded(sample);
        if (whole.ids().length <= room) {
            return Optional.of(whole);
        }
        int droppable = sample.history().isEmpty() ? 0 : (sample.history().size() + 1) / 2;
        if (droppable > 0) {
            Instruction bare = sample.withHistory(List.of());
            return encoded(bare).ids().length > room
                    ? fitted(bare, room)
                    : Optional.of(latestTurns(sample, droppable, room));
        }
        return longest(sample.input(), end -> sample.withInput(head(sample.input(), end)), room)
                .or(() -> longest(
                        sample.instruction(),
                        end -> sample.withInput("").withInstruction(head(sample.instruction(), end)),
                        room));
    }

    /** The sample with as many of its latest turns as fit, by bisection; it fits without any. */
    private Prompt latestTurns(Instruction sample, int droppable, int room) {
        Prompt best = encoded(sample.withHistory(List.of()));
        int low = 0; // too few dropped
        int high = droppable;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            Prompt fewer = encoded(withoutOldestTurns(sample, middle));
            if (fewer.ids().length <= room) {
                high = middle;
                best = fewer;
            } else {
                low = middle;
            }
        }
        return best;
    }

    /** The sample without the first pairs of user and assistant; the system turn goes after the last of them. */
    private static Instruction withoutOldestTurns(Instruction sample, int dropped) {
        List<Turn> kept = new ArrayList<>(sample.history());
        int system = kept.get(0).role() == Turn.Role.SYSTEM ? 1 : 0;
        kept.subList(system, system + 2 * dropped).clear();
        return sample.withHistory(kept);
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
