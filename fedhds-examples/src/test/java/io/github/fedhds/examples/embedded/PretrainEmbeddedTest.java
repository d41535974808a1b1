package io.github.fedhds.examples.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PretrainEmbeddedTest {
    @Test
    void twoSteps_leaveAFolderThatLoads(@TempDir Path folder) {
        Path out = folder.resolve("new/model");
        int status = new CommandLine(new PretrainEmbedded())
                .execute(
                        "--out=" + out,
                        "--steps=2",
                        "--batch=2",
                        "--row-length=32",
                        "--width=32",
                        "--layers=1",
                        "--threads=1",
                        "--precision=FLOAT32");
        assertEquals(0, status);
        try (LanguageModel model =
                LanguageModel.load(out, ModelOptions.defaults().onDevice("cpu").withThreads(1))) {
            assertEquals(1, model.config().layers());
            assertEquals(32, model.config().hiddenSize());
            int[] ids = model.tokenizer().encode("The cat sat.");
            double loss = model.base().losses(List.of(ids), new int[] {1}, 64)[0];
            assertTrue(Double.isFinite(loss) && loss > 0, () -> "loss " + loss);
        }
    }
}
