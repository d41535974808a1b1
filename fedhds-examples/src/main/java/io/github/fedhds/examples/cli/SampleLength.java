package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.tokenizer.SampleEncoder;

/**
 * Whether samples fit into {@code --max-length} and the model, and which option helps if they do not.
 *
 * @param maxLength value of the option; the encoder's maximum is at most the model's
 * @param context the model's context length in tokens
 */
record SampleLength(SampleEncoder encoder, int maxLength, int context) {
    /**
     * Rejects a length at which no sample can be used for training, or no answer can be generated.
     *
     * @param answerTokens value of the option; 1 if the evaluation data are empty
     */
    void check(int answerTokens) {
        int template = encoder.templateTokens();
        int room = encoder.maxTokens() - template;
        int answer = Math.min(answerTokens, encoder.maxTokens() / 2);
        if (room >= Math.max(answer, 2)) { // an answer token and the EOS id
            return;
        }
        String has = "the prompt template alone has " + template + " of this model's tokens";
        String lower = room >= 2 ? "lower --answer-tokens to " + room + " or less" : "";
        if (encoder.maxTokens() < context) {
            throw new FedHdsException("--max-length " + maxLength + " is too small: " + has + "; raise it to more than "
                    + (template + answer) + ", at most " + context + ", the model's context length"
                    + (lower.isEmpty() ? "" : ", or " + lower));
        }
        throw new FedHdsException("the model's context length of " + context + " is too short: " + has + "; "
                + (lower.isEmpty() ? "tune a model with a longer context" : lower));
    }

    /** Why a sample did not fit, and what helps. */
    String tooLong() {
        String beside = "their answers do not fit beside the " + encoder.templateTokens()
                + " tokens of the prompt template into ";
        return encoder.maxTokens() < context
                ? beside + "--max-length " + maxLength + "; raise it, at most to " + context
                        + ", the model's context length"
                : beside + "the model's context length of " + encoder.maxTokens()
                        + "; shorten the answers, or tune a model with a longer context";
    }
}
