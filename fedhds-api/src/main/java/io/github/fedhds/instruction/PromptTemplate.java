package io.github.fedhds.instruction;

import java.util.List;
import java.util.Optional;

/**
 * Formats a sample as the prompt, the text before the answer. Must not use the output. A lambda is a template without
 * special tokens and without turns: it gets a sample's earlier turns as text of the instruction
 * ({@link Instruction#withoutTurns}). {@link ChatTemplate} has the special tokens and the turns of chat models.
 */
@FunctionalInterface
public interface PromptTemplate {
    /** The prompt of a sample, which ends where the answer begins; special tokens are written as text. */
    String prompt(Instruction instruction);

    /**
     * The same prompt in parts, which tells special tokens from text. By default the whole prompt of
     * {@link Instruction#withoutTurns} is text. If the first part is text, the tokenizer puts the tokens before it that
     * begin every text, such as BOS.
     */
    default List<PromptPart> parts(Instruction instruction) {
        return List.of(PromptPart.text(prompt(instruction.withoutTurns())));
    }

    /** The answer as the model is trained to write it, without the end token; by default the output itself. */
    default String answer(Instruction instruction) {
        return instruction.output();
    }

    /** The special token that ends an answer; by default empty, which means the model's EOS token. */
    default Optional<String> endToken() {
        return Optional.empty();
    }

    /**
     * The Alpaca prompt, with or without an input; ends with {@code ### Response:} without a newline, as in the paper.
     *
     * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, appendix on prompts</a>
     */
    static PromptTemplate alpaca() {
        return sample -> sample.input().isEmpty()
                ? "Below is an instruction that describes a task. "
                        + "Write a response that appropriately completes the request.\n\n"
                        + "### Instruction:\n" + sample.instruction() + "\n\n### Response:"
                : "Below is an instruction that describes a task, paired with an input that provides further context. "
                        + "Write a response that appropriately completes the request.\n\n"
                        + "### Instruction:\n" + sample.instruction() + "\n\n### Input:\n" + sample.input()
                        + "\n\n### Response:";
    }
}
