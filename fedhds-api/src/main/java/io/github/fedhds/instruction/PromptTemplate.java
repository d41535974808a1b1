package io.github.fedhds.instruction;

/** Turns a sample into the text that the model reads before it answers. Must not look at the output. */
@FunctionalInterface
public interface PromptTemplate {
    /** The prompt of a sample, up to the place where the answer begins. */
    String prompt(Instruction instruction);

    /**
     * The Alpaca form, with and without an input; ends in {@code ### Response:} without a newline, as the paper has it.
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
