package io.github.fedhds.tokenizer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files on which native code would end this process; so a check that is missing fails every test. */
class TokenizerFileTest {
    @TempDir
    Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void writeFile() throws IOException {
        file = folder.resolve("tokenizer.json");
        write(TinyModel.tokenizer().toString());
    }

    private void write(String text) throws IOException {
        Files.writeString(file, text);
    }

    private int[] encode(String text) {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            int[] ids = tokenizer.encode(text);
            tokenizer.decode(ids);
            return ids;
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "decoder | {\"type\": \"Strip\", \"content\": \"a\", \"start\": 0, \"stop\": 9} | stop of decoder Strip is 9",
                "decoder | {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Fuse\"}, {\"type\": \"Strip\","
                        + " \"content\": \" \", \"start\": 1, \"stop\": 1}]} | stop of decoder Strip is 1",
                "decoder | {\"type\": \"Fuse\", \"x\": 1e999} | holds the number 1e999",
                "decoder | {\"type\": \"Fuse\", \"x\": \"\\ud83d\"} | half of a surrogate pair",
                "pre_tokenizer | {\"type\": \"FixedLength\", \"length\": 0} | length of pre_tokenizer FixedLength",
                "normalizer | {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAA\"} | precompiled_charsmap",
                "normalizer | {\"type\": \"Precompiled\", \"precompiled_charsmap\": null} | precompiled_charsmap",
                "normalizer | {\"type\": \"Precompiled\"} | precompiled_charsmap",
                "post_processor | {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<s>\","
                        + " \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}} | post_processor.single names",
                "post_processor | {\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"B\","
                        + " \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}} | post_processor.single names",
                "model | {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"],"
                        + " \"continuing_subword_prefix\": \"####\"} | the right side of merge \"a b\"",
                "model | {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [[\"a\", \"b\"]],"
                        + " \"continuing_subword_prefix\": \"##\"} | the right side of merge [\"a\",\"b\"]",
            })
    void load_partThatWouldEndTheProcess_isRefusedByName(String key, String value, String expected) throws IOException {
        JsonObject tokenizer = TinyModel.tokenizer();
        tokenizer.addProperty(key, "@");
        write(tokenizer.toString().replace("\"" + key + "\":\"@\"", "\"" + key + "\":" + value));
        assertFails(FedHdsException.class, () -> encode("ab"), file + ": ", expected);
    }

    @Test
    void load_twoTemplates_isRefused() throws IOException {
        JsonObject tokenizer = TinyModel.tokenizer();
        JsonArray both = new JsonArray();
        both.add(tokenizer.get("post_processor"));
        both.add(tokenizer.get("post_processor"));
        JsonObject sequence = new JsonObject();
        sequence.addProperty("type", "Sequence");
        sequence.add("processors", both);
        tokenizer.add("post_processor", sequence);
        write(tokenizer.toString());
        assertFails(FedHdsException.class, () -> encode("ab"), file + ": post_processor has more than one template");
        both.remove(1);
        write(tokenizer.toString());
        assertArrayEquals(new int[] {1, 3, 4}, encode("ab"));
    }

    @ParameterizedTest
    @CsvSource({"65, is more than 64 levels deep", "200, is more than 64 levels deep", "100000, is not valid JSON"})
    void load_deepNesting_isRefused(int depth, String expected) throws IOException {
        String deep = "[".repeat(depth) + "]".repeat(depth);
        write(TinyModel.tokenizer().toString().replace("{\"type\":\"Fuse\"}", deep));
        assertFails(FedHdsException.class, () -> encode("ab"), file + ": ", expected);
    }

    /** A key that stands twice counts as its last value, for the check and for native code alike. */
    @Test
    void load_brokenDecoderBeforeAGoodOne_isNotSeen() throws IOException {
        String broken = "{\"type\": \"Strip\", \"content\": \"a\", \"start\": 0, \"stop\": 9, \"x\": 1e999}";
        write(TinyModel.tokenizer().toString().replace("\"decoder\":", "\"decoder\":" + broken + ",\"decoder\":"));
        assertArrayEquals(new int[] {1, 3, 4}, encode("ab"));
    }

    /** Neither may the file cut texts, nor fill them up, by however much it asks for. */
    @Test
    void load_truncationAndPadding_areLeftOut() throws IOException {
        JsonObject tokenizer = TinyModel.tokenizer();
        tokenizer.add(
                "truncation",
                JsonParser.parseString(
                        "{\"direction\": \"Right\", \"max_length\": 1, \"strategy\": \"LongestFirst\", \"stride\": 9}"));
        tokenizer.add(
                "padding",
                JsonParser.parseString("{\"strategy\": {\"Fixed\": 9000000000000000000}, \"direction\": \"Right\","
                        + " \"pad_to_multiple_of\": null, \"pad_id\": 0, \"pad_type_id\": 0, \"pad_token\": \"x\"}"));
        write(tokenizer.toString());
        assertArrayEquals(new int[] {1, 3, 4}, encode("ab"));
    }

    @Test
    void encode_idAboveAllInts_isATypedError() throws IOException {
        JsonObject tokenizer = TinyModel.tokenizer();
        tokenizer.getAsJsonObject("model").getAsJsonObject("vocab").addProperty("a", 4_000_000_000L);
        write(tokenizer.toString());
        assertFails(FedHdsException.class, () -> encode("ab"), file + ": cannot encode a text");
    }

    @Test
    void encode_withoutTheUnknownToken_namesTheFile() throws IOException {
        JsonObject tokenizer = TinyModel.tokenizer();
        tokenizer.add(
                "model",
                JsonParser.parseString("{\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}, \"unk_token\": \"none\"}"));
        write(tokenizer.toString());
        assertFails(FedHdsException.class, () -> encode("b"), file + ": cannot encode a text");
    }

    /** Native code would give two or more unknown tokens for every face of a text with half of one. */
    @Test
    void encode_halfOfASurrogatePair_isOneUnknownCharacterAndTheRestStays() {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            String face = TinyModel.FACE;
            for (String half : List.of(face.substring(0, 1), face.substring(1))) {
                int[] ids = tokenizer.encodePlain("a" + face + half);
                assertArrayEquals(tokenizer.encodePlain("a" + face + "\uFFFD"), ids);
                assertArrayEquals(tokenizer.encodePlain("a" + face), Arrays.copyOf(ids, 2));
                assertEquals(3, ids.length);
            }
            int[] nul = tokenizer.encodePlain("\0" + face + face.charAt(0) + face);
            assertArrayEquals(tokenizer.encodePlain("\0" + face + "\uFFFD" + face), nul);
            assertEquals(tokenizer.encodePlain(face)[0], nul[nul.length - 1]);
        }
    }
}
