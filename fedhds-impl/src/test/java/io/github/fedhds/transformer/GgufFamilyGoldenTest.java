package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.instruction.ChatTemplate;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.model.RotaryScaling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
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

    /** Where the marks are special tokens, only a text's own first word has a space before it, as in Mistral's files. */
    @Test
    void load_sentencePieceWithSpecialMarks_hasOneSpaceAfterAMark(@TempDir Path out) {
        GgufWriter writer = GgufExport.of(SharedFolders.models().resolve("stories260K"));
        Path plain = out.resolve("plain.gguf");
        writer.write(plain);
        List<String> tokens = new ArrayList<>();
        List<Integer> kinds = new ArrayList<>();
        try (GgufFile file = GgufFile.open(plain)) {
            JsonObject options = file.options().json();
            options.getAsJsonArray("tokenizer.ggml.tokens").forEach(token -> tokens.add(token.getAsString()));
            options.getAsJsonArray("tokenizer.ggml.token_type").forEach(kind -> kinds.add(kind.getAsInt()));
        }
        List<String> marks = List.of("[INST]", "[/INST]");
        for (int i = 0; i < 2; i++) { // in the places of bytes that no text has
            tokens.set(4 + i, marks.get(i));
            kinds.set(4 + i, 3);
        }
        Path file = out.resolve("model.gguf");
        writer.put("tokenizer.ggml.tokens", tokens)
                .put("tokenizer.ggml.token_type", kinds)
                .write(file);
        try (LanguageModel expected = TinyModel.load(plain);
                LanguageModel model = TinyModel.load(file)) {
            for (String text : TEXTS) {
                assertArrayEquals(
                        expected.tokenizer().encode(text), model.tokenizer().encode(text), text);
            }
            int[] hi = expected.tokenizer().encode("Hi there");
            int[] prompt = IntStream.concat(
                            IntStream.of(hi[0], 4),
                            IntStream.concat(IntStream.of(hi).skip(1), IntStream.of(5)))
                    .toArray();
            assertArrayEquals(
                    prompt,
                    model.tokenizer()
                            .encode(ChatTemplate.of(ChatTemplate.Form.MISTRAL)
                                    .parts(new Instruction("Hi there", "", ""))));
        }
    }
}
