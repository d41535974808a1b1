package io.github.fedhds.evaluation;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Multiple choice by likelihood: the option that the model would most likely write as the answer. Nothing is generated, so an
 * answer in other words costs nothing. Immutable, safe for many threads.
 *
 * <p>Cost: one pass through the model for each option of each instruction.
 */
public final class OptionChooser {
    /** Largest number of options of a task; see {@link #options}. */
    private static final int MOST_OPTIONS = 10;

    private final AnswerLossScorer scorer;
    private final SampleEncoder encoder;

    /**
     * @param form form of the adapter; none for the base model
     * @param maxTokens longest prompt and option together, 2 or more
     * @param tokenBudget tokens per batch, 1 or more
     */
    public OptionChooser(
            LanguageModel model, AdapterForm form, PromptTemplate template, int maxTokens, int tokenBudget) {
        this.scorer = new AnswerLossScorer(model, form, template, maxTokens, tokenBudget);
        this.encoder = model.sampleEncoder(template, maxTokens);
    }

    /** How the likelihoods of options of different lengths are compared. */
    public enum Length {
        /** By the mean log likelihood of a token, with the EOS token: long and short options are alike. */
        NORMALISED,
        /** By the log likelihood of the whole option, which favours short ones. */
        PLAIN
    }

    /**
     * The options of each task whose instructions have few different answers: 2 to 10, in the order of their first occurrence.
     * Other tasks are absent, as are tasks in which every answer is another one. Instructions without an answer do not count.
     */
    public static Map<String, List<String>> options(List<Instruction> instructions) {
        Map<String, Set<String>> answers = new LinkedHashMap<>();
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Instruction instruction : instructions) {
            if (instruction.output().isBlank()) {
                continue;
            }
            answers.computeIfAbsent(instruction.task(), task -> new LinkedHashSet<>())
                    .add(instruction.output().strip());
            counts.merge(instruction.task(), 1, Integer::sum);
        }
        Map<String, List<String>> options = new LinkedHashMap<>();
        answers.forEach((task, different) -> {
            if (different.size() >= 2
                    && different.size() <= MOST_OPTIONS
                    && different.size() < counts.getOrDefault(task, 0)) {
                options.put(task, List.copyOf(different));
            }
        });
        return options;
    }

    /**
     * Chooses an option for each instruction. Of an option that does not fit into {@code maxTokens}, only its beginning counts.
     *
     * @param options the options of each instruction, in their order; one or more each
     * @param adapter of the form given; empty for the base model
     * @return the index of the most likely option of each; of equally likely ones the first
     * @throws IllegalArgumentException if an instruction has no option, or a blank one
     * @throws FedHdsException if the likelihood of an option is NaN; the message names its instruction
     */
    public int[] choose(List<Instruction> instructions, List<List<String>> options, Adapter adapter, Length length) {
        if (options.size() != instructions.size()) {
            throw new IllegalArgumentException("each instruction needs its options, was " + instructions.size()
                    + " instructions, " + options.size() + " lists of options");
        }
        List<Instruction> all = new ArrayList<>();
        for (int i = 0; i < instructions.size(); i++) {
            if (options.get(i).isEmpty()) {
                throw new IllegalArgumentException("instruction " + i + " has no option; it needs one or more");
            }
            Instruction asked = instructions.get(i);
            for (String option : options.get(i)) {
                if (option.isBlank()) {
                    throw new IllegalArgumentException("an option of instruction " + i + " is blank");
                }
                all.add(new Instruction(asked.instruction(), asked.input(), option, asked.task(), asked.history()));
            }
        }
        double[] losses = scorer.losses(all, adapter);
        int[] chosen = new int[instructions.size()];
        int at = 0;
        for (int i = 0; i < chosen.length; i++) {
            double least = Double.POSITIVE_INFINITY;
            for (int option = 0; option < options.get(i).size(); option++) {
                double loss = losses[at];
                if (Double.isNaN(loss)) {
                    throw new FedHdsException(
                            "the likelihood of \"" + options.get(i).get(option)
                                    + "\" as the answer to instruction " + i
                                    + " is NaN: either the prompt template leaves no room"
                                    + " for it in " + encoder.maxTokens()
                                    + " tokens, or the weights of the model or adapter are"
                                    + " damaged");
                }
                if (length == Length.PLAIN) {
                    loss *= encoder.forFeatures(all.get(at)).answerLength();
                }
                if (loss < least) {
                    least = loss;
                    chosen[i] = option;
                }
                at++;
            }
        }
        return chosen;
    }
}
