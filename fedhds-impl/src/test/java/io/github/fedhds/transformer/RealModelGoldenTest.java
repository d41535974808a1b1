package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.SharedFolders;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * SmolLM2-135M-Instruct as GGUF, against the golden values of section 7 of {@code GGUF.md}. Set {@code -Dfedhds.realModel}
 * to the file.
 */
@Tag("golden")
@Tag("real-model")
class RealModelGoldenTest {
    private static String golden = "";
    private static LanguageModel model;

    @BeforeAll
    static void load() throws IOException {
        String property = System.getProperty("fedhds.realModel", "");
        Path file = Path.of(property);
        Assumptions.assumeTrue(
                !property.isEmpty() && Files.isRegularFile(file),
                () -> "skipped: no file \"" + property + "\"; set -Dfedhds.realModel to SmolLM2-135M-Instruct.Q4_1.gguf");
        String all = Files.readString(SharedFolders.golden().resolveSibling("GGUF.md"));
        golden = all.substring(all.indexOf("Golden, numpy float32:"));
        model = LanguageModel.load(file, ModelOptions.defaults().onDevice("cpu").withPrecision(Precision.FLOAT32));
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
    }

    private static String find(String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(golden);
        if (!matcher.find()) {
            throw new AssertionError("GGUF.md has no " + pattern);
        }
        return matcher.group(1);
    }

    private static double[] numbers(String list) {
        return Stream.of(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    private static String text() {
        return find("- \"([^\"]*)\" -> 27 ids");
    }

    @Test
    void encode_givesTheGoldenIds() {
        double[] ids = numbers(find("27 ids \\[([^\\]]*)\\]"));
        assertArrayEquals(
                DoubleStream.of(ids).mapToInt(id -> (int) id).toArray(),
                model.tokenizer().encode(text()));
        assertEquals(9, model.tokenizer().encode("I have 12345 apples").length);
    }

    @Test
    void losses_giveTheGoldenLoss() {
        int[] ids = model.tokenizer().encode(text());
        double loss = model.base().losses(List.of(ids), new int[] {1}, 1)[0];
        assertEquals(Double.parseDouble(find("loss \\*\\*([0-9.]+)\\*\\*")), loss, 2e-5);
    }

    @Test
    void states_haveTheGoldenSumsAndNorms() {
        List<float[]> states = model.base().states(model.tokenizer().encode(text()));
        for (String block : List.of("1 \\[[^\\]]*\\];", "2:", "15 \\[[^\\]]*\\];", "29:")) {
            String[] figures = find("[Bb]lock " + block + " (-?[0-9.]+; [0-9.]+)\\.").split("; ");
            int width = model.config().hiddenSize();
            float[] all = states.get(Integer.parseInt(block.split("[ :]")[0]));
            double sum = 0;
            double squares = 0;
            for (int i = all.length - width; i < all.length; i++) {
                sum += all[i];
                squares += (double) all[i] * all[i];
            }
            assertEquals(Double.parseDouble(figures[0]), sum, 2e-3 * Math.sqrt(squares), block);
            assertEquals(Double.parseDouble(figures[1]), Math.sqrt(squares), 1e-4 * Math.sqrt(squares), block);
        }
    }

    @Test
    void generate_answersTheGoldenAnswer() {
        String prompt = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
                + "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n";
        int[] ids = model.tokenizer().encode(prompt);
        assertEquals(Integer.parseInt(find("\": (\\d+) ids; greedy")), ids.length);
        int[] answer = model.base().generate(List.of(ids), 16, 1000).get(0);
        assertEquals("The capital of France is Paris.", model.tokenizer().decode(answer).trim());
    }
}
