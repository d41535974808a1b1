package io.github.fedhds.lora;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptPart;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.instruction.Turn;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Digests of parts that may be lambdas, computed from their results for fixed input: processes cannot compare code, but
 * they can compare its results. 16 hexadecimal digits.
 */
final class Fingerprint {
    private static final List<Instruction> SAMPLES = List.of(
            new Instruction("instruction", "input", "output", "task"),
            new Instruction("two\nlines, \u00fc", "", " output "),
            new Instruction("", "input\n", ""),
            new Instruction("b", "", "", "", List.of(Turn.system("s"), Turn.user("a"), Turn.assistant("c"))));

    private Fingerprint() {}

    /** Digest of the prompts and answers of a few samples, and of the end token. */
    static String ofTemplate(PromptTemplate template) {
        Hasher hasher = Hashing.sha256().newHasher();
        for (Instruction sample : SAMPLES) {
            for (PromptPart part : template.parts(sample)) {
                hasher.putBoolean(part.special()).putInt(part.text().length()).putUnencodedChars(part.text());
            }
            hasher.putUnencodedChars(template.answer(sample));
        }
        hasher.putUnencodedChars(template.endToken().orElse(""));
        return text(hasher);
    }

    /** Digest of the factors in rounds of several lengths. */
    static String ofSchedule(LearningRateSchedule schedule) {
        Hasher hasher = Hashing.sha256().newHasher();
        for (int steps : new int[] {1, 2, 7, 40}) {
            for (int step = 0; step < steps; step++) {
                hasher.putDouble(schedule.factor(step, steps, RoundContext.first()));
            }
        }
        return text(hasher);
    }

    /** Digest of the parameters after a few steps. */
    static String ofOptimizer(IntFunction<Optimizer> maker) {
        float[] parameters = {0.5f, -1, 0.25f};
        Optimizer optimizer = maker.apply(parameters.length);
        for (float[] gradient : new float[][] {{1, -0.5f, 0}, {0.1f, 2, 1e-3f}, {-3, 0.5f, 0.25f}}) {
            optimizer.step(parameters, gradient, 0.01);
        }
        Hasher hasher = Hashing.sha256().newHasher();
        for (float value : parameters) {
            hasher.putFloat(value);
        }
        return optimizer.getClass().getSimpleName() + " " + text(hasher);
    }

    private static String text(Hasher hasher) {
        return hasher.hash().toString().substring(0, 16);
    }
}
