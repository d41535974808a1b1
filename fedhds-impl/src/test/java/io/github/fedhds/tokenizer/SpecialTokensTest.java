package io.github.fedhds.tokenizer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tokens around a text. Of {@link TinyModel}'s tokens 1 is the beginning of a text, 2 its end, 3 an "a", 4 a "b". */
class SpecialTokensTest {
    private static final String BEGIN = "{'SpecialToken': {'id': '<s>', 'type_id': 0}}";
    private static final String TEXT = "{'Sequence': {'id': 'A', 'type_id': 0}}";
    private static final String END = "{'SpecialToken': {'id': '</s>', 'type_id': 0}}";

    @TempDir
    Path folder;

    private JsonObject tokenizer = new JsonObject();

    @BeforeEach
    void write() {
        TinyModel.write(folder);
        tokenizer = TinyModel.tokenizer();
    }

    private void writeTokenizer() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer.toString());
    }

    private void writeConfig(String json) throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                JsonParser.parseString(json).toString());
    }

    private static String template(String... pieces) {
        return "{'type': 'TemplateProcessing', 'single': " + Arrays.toString(pieces) + ", 'pair': [" + TEXT + ", "
                + TEXT.replace("'A'", "'B'") + "], 'special_tokens': {'<s>': {'id': '<s>', 'ids': [1], 'tokens':"
                + " ['<s>']}, '</s>': {'id': '</s>', 'ids': [2], 'tokens': ['</s>']}}}";
    }

    private int[] encode(String text) {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            return tokenizer.encode(text);
        }
    }

    private String digest() {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            return tokenizer.digest();
        }
    }

    /** As transformers 4.53 has it; where a class reads add_bos_token, it counts more than the template. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                // tokenizer_config.json; with the template <s> A; with the template A; without a template
                "{'tokenizer_class': 'LlamaTokenizerFast', 'bos_token': '<s>', 'add_bos_token': true}; 1; 1; 1",
                "{'tokenizer_class': 'LlamaTokenizerFast', 'bos_token': '<s>', 'add_bos_token': false}; 3; 3; 3",
                "{'tokenizer_class': 'LlamaTokenizerFast', 'bos_token': '<s>'}; 1; 1; 1",
                "{'tokenizer_class': 'LlamaTokenizer', 'bos_token': {'content': '<s>'}}; 1; 1; 1",
                "{'tokenizer_class': 'LlamaTokenizer', 'add_eos_token': true}; 1; 1; 1",
                "{'tokenizer_class': 'CodeLlamaTokenizer', 'bos_token': 'b'}; 4; 4; 4",
                "{'tokenizer_class': 'PreTrainedTokenizerFast', 'bos_token': '<s>'}; 1; 3; 3",
                "{'tokenizer_class': 'Qwen2Tokenizer', 'bos_token': null, 'add_bos_token': false}; 1; 3; 3",
                "{'tokenizer_class': 'GPT2Tokenizer', 'bos_token': '<s>', 'add_bos_token': true}; 1; 3; 1",
                "{'bos_token': '<s>'}; 1; 3; 3",
            })
    void encode_beginningOfText_isWhatTheTokenizersClassPuts(String config, int withBegin, int bare, int none)
            throws IOException {
        writeConfig(config);
        int[] wanted = {withBegin, bare, none};
        String[] processors = {template(BEGIN, TEXT), template(TEXT), "null"};
        for (int i = 0; i < wanted.length; i++) {
            tokenizer.add("post_processor", JsonParser.parseString(processors[i]));
            writeTokenizer();
            assertArrayEquals(wanted[i] == 3 ? new int[] {3} : new int[] {wanted[i], 3}, encode("a"), processors[i]);
            assertArrayEquals(wanted[i] == 3 ? new int[0] : new int[] {wanted[i]}, encode(""), processors[i]);
        }
    }

    @Test
    void encode_tokenOfTheSpecialTokensMap_isFound() throws IOException {
        writeConfig("{'tokenizer_class': 'LlamaTokenizerFast', 'add_bos_token': true}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"bos_token\": {\"content\": \"</s>\"}}");
        assertArrayEquals(new int[] {2, 3}, encode("a"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'tokenizer_class': 'LlamaTokenizerFast', 'bos_token': '<begin>'}; bos_token is <begin>, which",
                "{'tokenizer_class': 'LlamaTokenizerFast', 'add_bos_token': 'yes'}; add_bos_token must be true or false",
                "{'add_bos_token': true}; add_bos_token is true, but bos_token is missing",
            })
    void load_beginningOfTextThatIsNotKnown_isRefusedByName(String config, String expected) throws IOException {
        tokenizer.add("post_processor", JsonNull.INSTANCE);
        writeTokenizer();
        writeConfig(config);
        assertFails(
                FedHdsException.class, () -> encode("a"), folder.resolve("tokenizer_config.json") + ": " + expected);
    }

    /** A prompt goes on with its answer, so nothing stands behind it, whatever form of template asks for it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "T",
                "{'type': 'Sequence', 'processors': [{'type': 'ByteLevel', 'add_prefix_space': false,"
                        + " 'trim_offsets': true, 'use_regex': true}, T]}",
                "{'type': 'BertProcessing', 'sep': ['</s>', 2], 'cls': ['<s>', 1]}",
                "{'type': 'RobertaProcessing', 'sep': ['</s>', 2], 'cls': ['<s>', 1], 'trim_offsets': true,"
                        + " 'add_prefix_space': false}",
            })
    void encode_templateThatEndsTheText_putsNoEnd(String processor) throws IOException {
        tokenizer.add(
                "post_processor",
                JsonParser.parseString(processor
                        .replace("T]", template(BEGIN, TEXT, END) + "]")
                        .replaceFirst("^T$", template(BEGIN, TEXT, END))));
        writeTokenizer();
        assertArrayEquals(new int[] {1, 3, 4}, encode("ab"));
        assertArrayEquals(new int[] {1}, encode(""));
        assertArrayEquals(new int[] {1, 3, 2}, encode("a</s>")); // the text's own stays
        try (LanguageModel model = TinyModel.load(folder)) {
            EncodedSample sample = model.sampleEncoder(Instruction::instruction, 64)
                    .forTraining(new Instruction("ab", "", "b"))
                    .orElseThrow();
            assertArrayEquals(new int[] {1, 3, 4, 4, 2}, sample.ids());
        }
    }

    /** With dropout, twenty encodings of three merges would all be whole with a chance of 2^-60. */
    @Test
    void encode_dropoutInTheFile_isOff() throws IOException {
        JsonObject model = tokenizer.getAsJsonObject("model");
        model.getAsJsonObject("vocab").addProperty("ab", 58);
        model.add("merges", JsonParser.parseString("['a b']"));
        model.addProperty("dropout", 0.5);
        writeTokenizer();
        for (int i = 0; i < 20; i++) {
            assertArrayEquals(new int[] {1, 58, 58, 58}, encode("ababab"));
        }
    }

    @Test
    void digest_changesWithTheIdsAndWithNothingElse() throws IOException {
        tokenizer.addProperty("truncation", "ignored");
        tokenizer.add("padding", JsonNull.INSTANCE);
        tokenizer.getAsJsonObject("model").addProperty("dropout", 0.5);
        tokenizer.add("post_processor", JsonParser.parseString(template(BEGIN, TEXT, END)));
        writeTokenizer();
        Set<String> digests = new LinkedHashSet<>();
        digests.add(digest());
        String indented =
                new GsonBuilder().serializeNulls().setPrettyPrinting().create().toJson(tokenizer);
        Files.writeString(folder.resolve("tokenizer.json"), indented);
        writeConfig("{'tokenizer_class': 'PreTrainedTokenizerFast', 'model_max_length': 7, 'chat_template': 'x'}");
        digests.add(digest());
        assertEquals(1, digests.size());

        writeConfig("{'tokenizer_class': 'LlamaTokenizerFast', 'bos_token': '</s>'}");
        digests.add(digest());
        writeConfig("{'tokenizer_class': 'LlamaTokenizerFast', 'add_bos_token': false}");
        digests.add(digest());
        Files.delete(folder.resolve("tokenizer_config.json"));
        tokenizer.getAsJsonObject("model").getAsJsonObject("vocab").addProperty("Z", 59);
        writeTokenizer();
        digests.add(digest());
        tokenizer.add("normalizer", JsonParser.parseString("{'type': 'Lowercase'}"));
        writeTokenizer();
        digests.add(digest());
        assertEquals(5, digests.size());
    }

    @Test
    void tokenizerDigest_isNotThatOfTheWeights() {
        try (LanguageModel model = TinyModel.load(folder)) {
            assertEquals(model.tokenizerDigest(), model.tokenizerDigest());
            assertEquals(digest(), model.tokenizerDigest());
            assertNotEquals(model.digest(), model.tokenizerDigest());
        }
    }
}
