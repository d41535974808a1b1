package io.github.fedhds.tokenizer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.instruction.ChatTemplate;
import io.github.fedhds.instruction.ChatTemplate.Form;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptPart;
import io.github.fedhds.instruction.Turn;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Chat prompts as ids, with a tokenizer of {@link TinyModel} whose last two tokens are the marks of ChatML. */
class ChatPromptTest {
    private static final int START = 58;
    private static final int STOP = 59;
    private static final String CHATML = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content +"
            + " '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}";

    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void writeModel() throws IOException {
        TinyModel.write(folder);
        JsonObject tokenizer = TinyModel.tokenizer();
        JsonObject vocabulary = tokenizer.getAsJsonObject("model").getAsJsonObject("vocab");
        for (String given : List.of("\u00DF", TinyModel.FACE)) {
            vocabulary.remove(given);
        }
        JsonArray added = tokenizer.getAsJsonArray("added_tokens");
        List<String> marks = List.of("<|im_start|>", "<|im_end|>");
        for (int i = 0; i < 2; i++) {
            JsonObject token = added.get(0).deepCopy().getAsJsonObject();
            token.addProperty("id", START + i);
            token.addProperty("content", marks.get(i));
            added.add(token);
            vocabulary.addProperty(marks.get(i), START + i);
        }
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer.toString());
    }

    private void writeTemplate(String jinja) throws IOException {
        Files.writeString(folder.resolve("chat_template.jinja"), jinja);
    }

    private static long count(int[] ids, int id) {
        return Arrays.stream(ids).filter(one -> one == id).count();
    }

    @Test
    void encode_parts_specialsAreIdsAndTextStaysText() {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            int[] a = tokenizer.encodePlain("a");
            assertArrayEquals(
                    new int[] {START, a[0], STOP},
                    tokenizer.encode(List.of(
                            PromptPart.special("<|im_start|>"),
                            PromptPart.text("a"),
                            PromptPart.special("<|im_end|>"))));
            int[] hostile =
                    tokenizer.encode(List.of(PromptPart.special("<|im_start|>"), PromptPart.text("a<|im_end|>a")));
            assertEquals(1 + 2 + "<|im_end|>".length(), hostile.length);
            assertEquals(START, hostile[0]);
            assertEquals(0, count(hostile, STOP));
            assertEquals(a[0], hostile[hostile.length - 1]);
            // Text first: the tokenizer's own beginning, which is BOS here.
            assertArrayEquals(new int[] {1, a[0]}, tokenizer.encode(List.of(PromptPart.text("a"))));
            assertArrayEquals(new int[] {1}, tokenizer.encode(List.of(PromptPart.text(""))));
            assertArrayEquals(new int[0], tokenizer.encode(List.of()));
            assertEquals("</s>".length(), tokenizer.encodePlain("</s>").length);
            assertEquals(0, count(tokenizer.encodePlain("</s>"), 2));
            assertFails(
                    IllegalArgumentException.class,
                    () -> tokenizer.encode(List.of(PromptPart.special("<|eot_id|>"))),
                    "no special token <|eot_id|>",
                    "--template");
        }
    }

    /** Whatever is in the texts, a prompt has the marks of its template and no other special token. */
    @Test
    void encode_randomTextsOfMarks_neverGiveAMark() {
        SplittableRandom random = new SplittableRandom(1);
        List<String> bits = List.of(
                "<|im_start|>", "<|im_end|>", "<|im_", "start|>", "end|>", "<s>", "</s>", "<", ">", "a", " ", "\n");
        ChatTemplate template = ChatTemplate.of(Form.CHATML);
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            for (int i = 0; i < 200; i++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(8); n > 0; n--) {
                    text.append(bits.get(random.nextInt(bits.size())));
                }
                int[] ids = tokenizer.encode(template.parts(new Instruction(text.toString(), "", "")));
                assertEquals(2, count(ids, START), text.toString());
                assertEquals(1, count(ids, STOP), text.toString());
                assertEquals(0, count(ids, 1) + count(ids, 2), text.toString());
                assertEquals(
                        "user\n".length() + text.length() + 1 + "assistant\n".length() + 3,
                        ids.length,
                        text.toString());
            }
        }
    }

    @Test
    void model_withAChatTemplate_trainsAndStopsAtItsEndToken() throws IOException {
        writeTemplate(CHATML);
        try (LanguageModel model = TinyModel.load(folder)) {
            assertEquals(ChatTemplate.of(Form.CHATML), model.promptTemplate());
            assertEquals(List.of(TinyModel.END, STOP), model.config().eosIds());
            SampleEncoder encoder = model.sampleEncoder(model.promptTemplate(), 64);
            EncodedSample sample = encoder.forTraining(new Instruction("say <|im_end|>", "", "b</s>"))
                    .orElseThrow();
            assertEquals(STOP, sample.ids()[sample.ids().length - 1]);
            assertEquals("b</s>".length() + 1, sample.answerLength());
            assertEquals(2, count(sample.ids(), STOP)); // of the user's turn and of the answer
            assertFalse(sample.cut());
            // A long text is cut within its turn, which stays closed.
            EncodedSample cut = encoder.forTraining(new Instruction("a<|im_end|>".repeat(20), "", "b"))
                    .orElseThrow();
            assertTrue(cut.cut());
            assertEquals(2, count(cut.ids(), STOP));
            assertEquals(2, count(cut.ids(), START));
            PartedSample parts = encoder.forParts(new Instruction("abc", "", "b"));
            assertArrayEquals(
                    model.tokenizer().encodePlain("abc"),
                    Arrays.copyOfRange(parts.ids(), parts.instruction()[0], parts.instruction()[1]));
        }
    }

    private static String text(LanguageModel model, EncodedSample sample, TokenSpan span) {
        return model.tokenizer().decode(Arrays.copyOfRange(sample.ids(), span.from(), span.to()));
    }

    @Test
    void forTraining_severalTurns_trainsEveryAnswerAndItsEndToken() throws IOException {
        writeTemplate(CHATML);
        try (LanguageModel model = TinyModel.load(folder)) {
            SampleEncoder encoder = model.sampleEncoder(model.promptTemplate(), 64);
            Instruction last = new Instruction("e", "", "<|im_end|>f");
            EncodedSample sample = encoder.forTraining(last.withHistory(List.of(Turn.user("ab"), Turn.assistant("cd"))))
                    .orElseThrow();
            assertEquals("<|im_end|>f".length() + 1, sample.answerLength());
            assertEquals(4, count(sample.ids(), STOP)); // two user turns, two answers
            EncodedSample first =
                    encoder.forTraining(new Instruction("ab", "", "cd")).orElseThrow();
            assertEquals(List.of(new TokenSpan(first.answerStart(), first.ids().length)), sample.earlierAnswers());
            assertEquals("cd", text(model, sample, sample.earlierAnswers().get(0)));
            assertArrayEquals(first.ids(), Arrays.copyOf(sample.ids(), first.ids().length));
            assertEquals(3 + sample.answerLength(), sample.trainedPlaces().length);
            // Too long: the oldest turns are left out, not the instruction.
            SampleEncoder shorter = model.sampleEncoder(model.promptTemplate(), sample.ids().length - 1);
            EncodedSample cut = shorter.forTraining(last.withHistory(List.of(Turn.user("ab"), Turn.assistant("cd"))))
                    .orElseThrow();
            assertTrue(cut.cut());
            assertArrayEquals(encoder.forTraining(last).orElseThrow().ids(), cut.ids());
            assertEquals(List.of(), cut.earlierAnswers());
        }
    }

    /** SentencePiece, where the answer's first word has a space before it, and the marks of the turns are text. */
    @ParameterizedTest
    @EnumSource(
            value = Form.class,
            names = {"LLAMA2", "MISTRAL_V1"})
    @Tag("golden")
    void forTraining_severalTurnsOfBrackets_trainsEveryAnswer(Form form) {
        try (LanguageModel model = LanguageModel.load(SharedFolders.models().resolve("stories260K"))) {
            SampleEncoder encoder = model.sampleEncoder(ChatTemplate.of(form), 128);
            List<Turn> history =
                    List.of(Turn.user("Hi"), Turn.assistant("Lily saw it."), Turn.user("Go"), Turn.assistant("No."));
            EncodedSample sample = encoder.forTraining(new Instruction("a", "", "b", "", history))
                    .orElseThrow();
            assertEquals(
                    List.of("Lily saw it.", "No."),
                    sample.earlierAnswers().stream()
                            .map(span -> text(model, sample, span).strip())
                            .toList());
        }
    }

    @Test
    void forTraining_blankEarlierAnswer_isNotTrained() throws IOException {
        writeTemplate(CHATML);
        try (LanguageModel model = TinyModel.load(folder)) {
            Instruction sample = new Instruction("e", "", "f", "", List.of(Turn.user("ab"), Turn.assistant(" ")));
            assertEquals(
                    List.of(),
                    model.sampleEncoder(model.promptTemplate(), 64)
                            .forTraining(sample)
                            .orElseThrow()
                            .earlierAnswers());
        }
    }

    /** Bisection: a thousand turns need few encodings. */
    @Test
    void forTraining_manyTurns_keepsTheLatestThatFit() throws IOException {
        writeTemplate(CHATML);
        try (LanguageModel model = TinyModel.load(folder)) {
            List<Turn> turns = new ArrayList<>(List.of(Turn.system("s")));
            for (int i = 0; i < 1000; i++) {
                turns.add(Turn.user("ab"));
                turns.add(Turn.assistant("c"));
            }
            Instruction sample = new Instruction("e", "", "f", "", turns);
            SampleEncoder encoder = model.sampleEncoder(model.promptTemplate(), 128);
            EncodedSample encoded = encoder.forTraining(sample).orElseThrow();
            int kept = encoded.earlierAnswers().size();
            assertTrue(kept > 0 && encoded.cut());
            List<Turn> more = new ArrayList<>(turns.subList(0, 2 * kept + 3));
            assertArrayEquals(
                    model.sampleEncoder(model.promptTemplate(), 1 << 20)
                            .forTraining(sample.withHistory(more.subList(0, 2 * kept + 1)))
                            .orElseThrow()
                            .ids(),
                    encoded.ids());
            assertTrue(model.tokenizer().encode(ChatTemplate.of(Form.CHATML).parts(sample.withHistory(more))).length
                    > encoder.maxTokens() - encoded.answerLength());
        }
    }

    @Test
    void forTraining_systemTurn_isCutAfterTheOtherTurns() throws IOException {
        writeTemplate(CHATML);
        try (LanguageModel model = TinyModel.load(folder)) {
            Instruction plain = new Instruction("e", "", "f");
            Instruction withSystem = plain.withHistory(List.of(Turn.system("s")));
            Instruction all = plain.withHistory(List.of(Turn.system("s"), Turn.user("ab"), Turn.assistant("cd")));
            SampleEncoder encoder = model.sampleEncoder(model.promptTemplate(), 64);
            int most = encoder.forTraining(withSystem).orElseThrow().ids().length;
            int least = encoder.forTraining(plain).orElseThrow().ids().length;
            for (int room = 64; room > least; room--) {
                SampleEncoder shorter = model.sampleEncoder(model.promptTemplate(), room);
                EncodedSample sample = shorter.forTraining(all).orElseThrow();
                Instruction kept = sample.ids().length > most ? all : room >= most ? withSystem : plain;
                assertArrayEquals(encoder.forTraining(kept).orElseThrow().ids(), sample.ids(), "" + room);
            }
        }
    }

    /** A template without turns has the earlier turns as text, and trains the last answer only. */
    @Test
    void forTraining_templateWithoutTurns_hasThemAsText() throws IOException {
        try (LanguageModel model = TinyModel.load(folder)) {
            SampleEncoder encoder = model.sampleEncoder(sample -> sample.instruction() + "|", 64);
            Instruction talk =
                    new Instruction("c", "", "d", "", List.of(Turn.system("s"), Turn.user("a"), Turn.assistant("b")));
            EncodedSample sample = encoder.forTraining(talk).orElseThrow();
            assertEquals(
                    encoder.forTraining(new Instruction("s\n\nUser: a\nAssistant: b\nUser: c", "", "d")),
                    Optional.of(sample));
            assertEquals(List.of(), sample.earlierAnswers());
        }
    }

    @Test
    void sampleEncoder_endTokenAtWhichTheModelDoesNotStop_isRefused() throws IOException {
        try (LanguageModel model = TinyModel.load(folder)) { // without a chat template
            assertFails(
                    IllegalArgumentException.class,
                    () -> model.sampleEncoder(ChatTemplate.of(Form.CHATML), 64),
                    "ends an answer with <|im_end|>, id 59",
                    "end tokens are [2]",
                    "generation_config.json");
            assertFails(
                    IllegalArgumentException.class,
                    () -> model.sampleEncoder(ChatTemplate.of(Form.LLAMA3), 64),
                    "no special token <|eot_id|>");
        }
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [2, 59]}");
        try (LanguageModel model = TinyModel.load(folder)) {
            model.sampleEncoder(ChatTemplate.of(Form.CHATML), 64);
        }
    }

    @Test
    void load_eosTokenOfTheTokenizerThatTheConfigurationHasNot_isAnErrorThatNamesBoth() throws IOException {
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"eos_token\": {\"content\": \"<|im_end|>\"}}");
        assertFails(
                FedHdsException.class,
                () -> TinyModel.load(folder),
                config + ": eos_token is <|im_end|>, id 59",
                "config.json and generation_config.json, or in the GGUF file, is [2]");
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [59, 2]}");
        TinyModel.load(folder).close();
        Files.delete(folder.resolve("generation_config.json"));
        for (String same : List.of("\"</s>\"", "null", "\"<unknown>\"")) {
            Files.writeString(config, "{\"eos_token\": " + same + "}");
            TinyModel.load(folder).close();
        }
    }
}
