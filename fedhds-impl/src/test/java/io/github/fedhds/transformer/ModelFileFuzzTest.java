package io.github.fedhds.transformer;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.fedhds.FileFuzz;
import io.github.fedhds.lora.PeftFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Fuzzing led by coverage of the files beside a model's weights; as {@code DecoderFuzzTest} in the wire package. */
class ModelFileFuzzTest {
    private static final Path FOLDER = folder();

    private static Path folder() {
        try {
            Path folder = Files.createTempDirectory("fuzz");
            folder.toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @FuzzTest(maxDuration = "10m")
    void config(byte[] bytes) {
        FileFuzz.read(FOLDER.resolve("config.json"), bytes, () -> DecoderConfig.read(FOLDER));
    }

    @FuzzTest(maxDuration = "10m")
    void tokenizer(byte[] bytes) {
        FileFuzz.read(
                FOLDER.resolve("tokenizer.json"), bytes, () -> TokenizerFile.read(FOLDER.resolve("tokenizer.json")));
    }

    @FuzzTest(maxDuration = "10m")
    void adapterConfig(byte[] bytes) {
        FileFuzz.read(FOLDER.resolve("adapter_config.json"), bytes, () -> PeftFolder.read(FOLDER));
    }
}
