package io.github.fedhds.model;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.gguf.GgufFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Configuration of a decoder from a model folder's {@code config.json}, with the EOS ids of
 * {@code generation_config.json}.
 *
 * @param family architecture of the blocks
 * @param hiddenSize length of a hidden state
 * @param intermediateSize inner size of the feed-forward network
 * @param layers number of layers
 * @param heads number of query heads
 * @param keyValueHeads number of key and value heads; divides {@code heads}
 * @param headSize length of a head's vectors
 * @param vocabulary number of token ids
 * @param contextLength longest sequence, in tokens
 * @param normEpsilon epsilon of the norms, added under the root
 * @param rotaryBase base of the rotary embedding's wavelengths; unused with learned positions
 * @param rotaryScaling how the rotary embedding's frequencies are lowered for longer texts; unused with learned
 *     positions
 * @param attention differences of the attention from LLaMA's
 * @param tiedHead true if the output head is the embedding
 * @param eosIds token ids that end a text; the first is the one that training appends
 */
public record DecoderConfig(
        Family family,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int keyValueHeads,
        int headSize,
        int vocabulary,
        int contextLength,
        double normEpsilon,
        double rotaryBase,
        RotaryScaling rotaryScaling,
        AttentionForm attention,
        boolean tiedHead,
        List<Integer> eosIds) {
    public DecoderConfig {
        eosIds = List.copyOf(eosIds);
        checkPositive("hidden_size", hiddenSize);
        checkPositive("intermediate_size", intermediateSize);
        checkPositive("num_hidden_layers", layers);
        checkPositive("num_attention_heads", heads);
        checkPositive("num_key_value_heads", keyValueHeads);
        checkPositive("head_dim", headSize);
        checkPositive("vocab_size", vocabulary);
        checkPositive("max_position_embeddings", contextLength);
        if (heads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "num_key_value_heads must divide num_attention_heads, was " + keyValueHeads + " of " + heads);
        }
        if (family == Family.LLAMA && headSize % 2 != 0) {
            throw new IllegalArgumentException("the rotary embedding needs an even head size, was " + headSize);
        }
        if (!(normEpsilon >= 0) || Double.isInfinite(normEpsilon)) {
            throw new IllegalArgumentException("rms_norm_eps must be finite and 0 or more, was " + normEpsilon);
        }
        if (!(rotaryBase > 0) || Double.isInfinite(rotaryBase)) {
            throw new IllegalArgumentException("rope_theta must be finite and above 0, was " + rotaryBase);
        }
        fits("vocab_size * hidden_size", vocabulary, hiddenSize);
        fits("intermediate_size * hidden_size", intermediateSize, hiddenSize);
        fits("num_attention_heads * head_dim", heads, headSize);
        fits("num_attention_heads * head_dim * hidden_size", heads * headSize, hiddenSize);
        fits("max_position_embeddings * head_dim", contextLength, headSize);
        if (eosIds.isEmpty()) {
            throw new IllegalArgumentException(
                    "eos_token_id is missing, here and in generation_config.json; training and generation need it");
        }
        for (int id : eosIds) {
            if (id < 0 || id >= vocabulary) {
                throw new IllegalArgumentException("eos_token_id, here and in generation_config.json, must be 0 to"
                        + " vocab_size - 1 = " + (vocabulary - 1) + ", was " + id);
            }
        }
    }

    /** The same with one more id at which a text ends, if it is not one yet. */
    public DecoderConfig withEosId(int id) {
        if (eosIds.contains(id)) {
            return this;
        }
        List<Integer> more = new ArrayList<>(eosIds);
        more.add(id);
        return new DecoderConfig(
                family,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                keyValueHeads,
                headSize,
                vocabulary,
                contextLength,
                normEpsilon,
                rotaryBase,
                rotaryScaling,
                attention,
                tiedHead,
                more);
    }

    private static void fits(String name, int first, int second) {
        if ((long) first * second > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(name + " is " + (long) first * second + ", more than an array holds");
        }
    }

    static void checkPositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be 1 or more, was " + value);
        }
    }

    /**
     * Reads {@code config.json} of a model folder, and {@code generation_config.json} if it is present; or the metadata of a
     * GGUF file.
     *
     * @throws FedHdsException if the file is missing or damaged, or has options that this decoder does not support
     */
    public static DecoderConfig read(Path folder) {
        if (GgufFile.isGguf(folder)) {
            try (GgufFile file = GgufFile.open(folder)) {
                return GgufConfig.read(file);
            }
        }
        return ConfigReader.read(folder);
    }
}
