package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.SharedFolders;
import io.github.fedhds.model.RotaryScaling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every checkpoint of the models folder, converted to GGUF, gives the ids and losses of its folder. */
@Tag("golden")
class GgufFamilyGoldenTest {
    private static final List<String> TEXTS = List.of(
            "Once upon a time, there was a little girl named Lily.",
            "I have 12345 apples; it's 3.50 -- isn't it?\n\n  Two  spaces\tand a tab",
            "Gr\u00FC\u00DFe, \u4F60\u597D \uD83D\uDE80!");

    static List<Path> folders() throws IOException {
        try (Stream<Path> folders = Files.list(SharedFolders.models())) {
            return folders.filter(folder -> Files.isRegularFile(folder.resolve("model.safetensors")))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void load_convertedFolder_isTheSameModel(Path folder, @TempDir Path out) {
        Path file = out.resolve("model.gguf");
        GgufExport.of(folder).write(file);
        try (LanguageModel expected = TinyModel.load(folder);
                LanguageModel model = TinyModel.load(file)) {
            // The file has a rounded divisor per frequency in place of Llama 3's formula.
            boolean rounded = expected.config().rotaryScaling() instanceof RotaryScaling.Llama3;
            for (String text : TEXTS) {
                int[] ids = expected.tokenizer().encode(text);
                assertArrayEquals(ids, model.tokenizer().encode(text), text);
                assertEquals(expected.tokenizer().decode(ids), model.tokenizer().decode(ids));
                double loss = expected.base().losses(List.of(ids), new int[] {1}, 1)[0];
                assertEquals(
                        loss,
                        model.base().losses(List.of(ids), new int[] {1}, 1)[0],
                        rounded ? 1e-5 : Double.MIN_VALUE);
            }
        }
    }
}
