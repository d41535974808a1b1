package io.github.fedhds.instruction;

/** Formats a sample as the prompt, the text before the answer. Must not use the output. */
@FunctionalInterface
public interface PromptTemplate {
    /** The prompt of a sample, which ends where the answer begins. */
    String prompt(Instruction instruction);

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
