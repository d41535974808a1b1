package io.github.fedhds.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.fedhds.SharedFolders;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a real model, whose states are large: with parts, samples of one instruction have one mean of it, to the last bit. */
class SharedInstructionTest {
    @Tag("golden")
    @Test
    void extract_inputsOfOneInstruction_haveOneMean() {
        List<String> instructions = List.of(
                "Once upon a time there was a little girl who liked to play outside.",
                "Tell what the dog did in the park with the big red ball.");
        List<Instruction> list = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            list.add(new Instruction(
                    instructions.get(i % 2), "Lily saw a cat. ".repeat(1 + i % 9) + i, "The end. " + i));
        }
        try (LanguageModel model = LanguageModel.load(SharedFolders.models().resolve("stories260K"))) {
            FeatureMatrix means = Pooling.PARTS.grouping(HiddenStateExtractor.builder(model)
                    .pooling(Pooling.PARTS)
                    .build()
                    .extract(list, RoundContext.first()));
            for (int i = 2; i < 60; i++) {
                assertArrayEquals(means.row(i % 2), means.row(i), "sample " + i);
            }
        }
    }
}
