package io.github.fedhds.codec;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.fedhds.FileFuzz;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Fuzzing led by coverage, {@code JAZZER_FUZZ=1 mvn test -Pjazzer -Dtest='DecoderFuzzTest#sealed'}. A normal build reads the
 * kept inputs, in the folder of the test resources that is named as this class.
 */
class DecoderFuzzTest {
    @FuzzTest(maxDuration = "10m")
    @Tag("jazzer")
    void message(byte[] bytes) {
        DecoderCheck.message(bytes, () -> "fuzz");
    }

    /** The digest is made right first, as an attacker would do; else hardly any input gets past it. */
    @FuzzTest(maxDuration = "10m")
    @Tag("jazzer")
    void sealed(byte[] bytes) {
        DecoderCheck.message(MessageExamples.sealed(bytes.clone()), () -> "fuzz");
    }

    @FuzzTest(maxDuration = "10m")
    @Tag("jazzer")
    void safetensors(byte[] bytes) {
        DecoderCheck.safetensors(bytes, () -> "fuzz");
    }

    @Test
    void keptInputs_areReadOrRefused() throws IOException {
        FileFuzz.replay(DecoderFuzzTest.class, "message", this::message);
        FileFuzz.replay(DecoderFuzzTest.class, "sealed", this::sealed);
        FileFuzz.replay(DecoderFuzzTest.class, "safetensors", this::safetensors);
    }
}
