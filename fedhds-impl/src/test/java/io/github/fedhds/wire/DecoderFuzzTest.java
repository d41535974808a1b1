package io.github.fedhds.wire;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Fuzzing led by coverage. A normal build replays the files in this class's {@code Inputs} folder of the test resources;
 * {@code JAZZER_FUZZ=1 mvn test -Dtest='DecoderFuzzTest#sealed'} searches for new ones.
 */
class DecoderFuzzTest {
    @FuzzTest(maxDuration = "10m")
    void message(byte[] bytes) {
        DecoderCheck.message(bytes, () -> "fuzz");
    }

    /** The digest is made right first, as an attacker would do; else hardly any input gets past it. */
    @FuzzTest(maxDuration = "10m")
    void sealed(byte[] bytes) {
        DecoderCheck.message(MessageExamples.sealed(bytes.clone()), () -> "fuzz");
    }

    @FuzzTest(maxDuration = "10m")
    void safetensors(byte[] bytes) {
        DecoderCheck.safetensors(bytes, () -> "fuzz");
    }
}
