package io.github.fedhds.tokenizer;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.fedhds.FileFuzz;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Fuzzing led by coverage of the files beside a model's weights; as {@code DecoderFuzzTest} in the wire package. */
class ModelFileFuzzTest {
    private static final Path FOLDER = folder();

    private static Path folder() {
        try {
            Path folder = Files.createTempDirectory("fuzz");
            folder.toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @FuzzTest(maxDuration = "10m")
    @Tag("jazzer")
    void config(byte[] bytes) {
        FileFuzz.read(FOLDER.resolve("config.json"), bytes, () -> DecoderConfig.read(FOLDER));
    }

    @FuzzTest(maxDuration = "10m")
    @Tag("jazzer")
    void tokenizer(byte[] bytes) {
        FileFuzz.read(
                FOLDER.resolve("tokenizer.json"),
                bytes,
                () -> TokenizerFile.read(FOLDER.resolve("tokenizer.json")).bytes());
    }

    @FuzzTest(maxDuration = "10m")
    @Tag("jazzer")
    void adapterConfig(byte[] bytes) {
        FileFuzz.read(FOLDER.resolve("adapter_config.json"), bytes, () -> PeftFolder.read(FOLDER));
    }

    @Test
    void keptInputs_areReadOrRefused() throws IOException {
        FileFuzz.replay(ModelFileFuzzTest.class, "config", this::config);
        FileFuzz.replay(ModelFileFuzzTest.class, "tokenizer", this::tokenizer);
        FileFuzz.replay(ModelFileFuzzTest.class, "adapterConfig", this::adapterConfig);
    }
}
