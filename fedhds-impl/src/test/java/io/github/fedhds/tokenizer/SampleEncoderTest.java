package io.github.fedhds.tokenizer;

import static io.github.fedhds.Errors.assertFails;
import static io.github.fedhds.transformer.TinyModel.END;
import static io.github.fedhds.transformer.TinyModel.FACE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is cut and what stays. A token of {@link TinyModel} is a character, so lengths can be counted by eye. */
class SampleEncoderTest {
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static SampleEncoder encoder(int maxTokens) {
        return model.sampleEncoder(TinyModel.TEMPLATE, maxTokens);
    }

    private static EncodedSample training(int maxTokens, Instruction sample) {
        return encoder(maxTokens).forTraining(sample).orElseThrow();
    }

    private static String prompt(EncodedSample sample) {
        return model.tokenizer().decode(Arrays.copyOf(sample.ids(), sample.answerStart()));
    }

    private static String answer(EncodedSample sample) {
        return model.tokenizer().decode(Arrays.copyOfRange(sample.ids(), sample.answerStart(), sample.ids().length));
    }

    @Test
    @SuppressWarnings("NullAway") // what a host without NullAway may write
    void template_givesNull_isNamed() {
        SampleEncoder encoder = model.sampleEncoder(sample -> null, 64);
        Instruction sample = new Instruction("add", "a b", "ab");
        String what = "the prompt template " + SampleEncoderTest.class.getName();
        assertFails(IllegalStateException.class, () -> encoder.forTraining(sample), what, "returned null");
        assertFails(IllegalStateException.class, () -> encoder.forFeatures(sample), what, "returned null");
        assertFails(IllegalStateException.class, () -> encoder.forParts(sample), what, "returned null");
        assertFails(IllegalStateException.class, () -> encoder.forGeneration(sample, 1), what, "returned null");
        SampleEncoder bareFails =
                model.sampleEncoder(s -> s.instruction().isEmpty() ? null : TinyModel.TEMPLATE.prompt(s), 8);
        assertFails(IllegalStateException.class, () -> bareFails.forFeatures(sample), what, "are empty");
    }

    @Test
    void forTraining_sampleThatFits_isPromptAnswerAndEnd() {
        EncodedSample sample = training(64, new Instruction("add", "a b", "ab"));
        assertEquals("Q:add I:a b A:", prompt(sample));
        assertEquals("ab", answer(sample));
        assertEquals(1, sample.ids()[0]);
        assertEquals(END, sample.ids()[sample.ids().length - 1]);
        assertEquals(1 + 14, sample.answerStart());
        assertEquals(3, sample.answerLength());
        assertFalse(sample.cut());
        // Just as long as may be, and one too long.
        assertFalse(training(18, new Instruction("add", "a b", "ab")).cut());
        assertTrue(training(17, new Instruction("add", "a b", "ab")).cut());
    }

    private static String span(PartedSample sample, int[] span) {
        return model.tokenizer().decode(Arrays.copyOfRange(sample.ids(), span[0], span[1]));
    }

    @Test
    void forParts_findsInstructionAndAnswer_whateverIsCut() {
        List<Instruction> samples = List.of(
                new Instruction("add", "a b", "ab"),
                new Instruction("add", "", "ab"),
                new Instruction(" I:a A:", "a b", ""), // looks like the template around it
                new Instruction("aaaa", "aaaa", "aaaa"),
                new Instruction("add a b c d", "a b c d e f", "ab"),
                new Instruction("", "a b", "ab"));
        for (Instruction sample : samples) {
            for (int maxTokens : new int[] {64, 30, 20, 17, 14, 8}) {
                PartedSample parts = encoder(maxTokens).forParts(sample);
                EncodedSample whole = encoder(maxTokens).forFeatures(sample);
                assertArrayEquals(whole.ids(), parts.ids());
                assertEquals(whole.answerStart(), parts.answer()[0]);
                assertEquals(parts.ids().length, parts.answer()[1]);
                String instruction = span(parts, parts.instruction());
                assertEquals(
                        whole.cut()
                                ? Math.min(
                                        instruction.length(),
                                        sample.instruction().length())
                                : sample.instruction().length(),
                        instruction.length(),
                        sample + ": " + instruction);
                if (!sample.instruction().startsWith(" ")) {
                    assertTrue(sample.instruction().startsWith(instruction), instruction);
                }
            }
        }
        PartedSample cut = encoder(18).forParts(samples.get(4));
        assertEquals("add a b c", span(cut, cut.instruction()));
        PartedSample far = encoder(8).forParts(new Instruction("add", "a b", "abcdefghij")); // no room for a prompt
        assertEquals("", span(far, far.instruction()));
    }

    /** A template without the instruction has no such part. */
    @Test
    void forParts_templateThatLeavesTheInstructionOut_hasNone() {
        PartedSample parts =
                model.sampleEncoder(sample -> "I:" + sample.input(), 64).forParts(new Instruction("add", "a b", "ab"));
        assertEquals("", span(parts, parts.instruction()));
        assertEquals("ab", span(parts, parts.answer()));
    }

    @Test
    void forTraining_longInput_isCutAtItsEnd() {
        EncodedSample sample = training(18, new Instruction("add", "a b c d e", "ab"));
        assertEquals("Q:add I:a b A:", prompt(sample));
        assertEquals("ab", answer(sample));
        assertTrue(sample.cut());
    }

    @Test
    void forTraining_inputWithoutRoom_isLeftOutWithItsHeading() {
        EncodedSample sample = training(15, new Instruction("add", "a b c d e", "ab"));
        assertEquals("Q:add A:", prompt(sample));
        assertTrue(sample.cut());
    }

    @Test
    void forTraining_longInstruction_isCutAfterTheInputIsGone() {
        EncodedSample sample = training(12, new Instruction("add all of them", "a b c", "ab"));
        assertEquals("Q:add A:", prompt(sample));
        assertEquals("ab", answer(sample));
        assertEquals("Q: A:", prompt(training(9, new Instruction("add all of them", "", "ab"))));
    }

    @Test
    void forTraining_answerThatLeavesNoRoom_isEmpty() {
        Instruction sample = new Instruction("add", "a", "abcd");
        assertEquals("Q: A:", prompt(training(11, sample)));
        assertEquals(Optional.empty(), encoder(10).forTraining(sample));
    }

    @Test
    void forFeatures_answerThatLeavesNoRoom_isCutAfterTheBareTemplate() {
        EncodedSample sample = encoder(10).forFeatures(new Instruction("add", "a", "abcdefgh"));
        assertEquals("Q: A:", prompt(sample));
        assertEquals("abcd", answer(sample));
        assertTrue(sample.cut());
        EncodedSample least = encoder(2).forFeatures(new Instruction("add", "a", "abcdefgh"));
        assertEquals(2, least.ids().length);
        assertEquals(0, least.answerLength());
    }

    @Test
    void forFeatures_sampleThatCanBeTrained_isTheSame() {
        Instruction sample = new Instruction("add", "a b c d e f g h", "ab");
        for (int max : new int[] {64, 20, 14, 10}) {
            assertArrayEquals(
                    training(max, sample).ids(),
                    encoder(max).forFeatures(sample).ids());
        }
    }

    @Test
    void forGeneration_longPrompt_leavesRoomForTheAnswer() {
        Instruction sample = new Instruction("add", "a b c d e f g h", "never seen");
        EncodedSample prompt = encoder(30).forGeneration(sample, 12);
        assertEquals("Q:add I:a b c  A:", prompt(prompt));
        assertEquals(18, prompt.ids().length);
        assertEquals(0, prompt.answerLength());
        assertTrue(prompt.cut());
        assertFalse(encoder(30).forGeneration(sample, 0).cut());
        assertFails(
                IllegalArgumentException.class,
                () -> encoder(30).forGeneration(sample, 25),
                "template alone has 6 tokens, so 25 answer tokens do not fit",
                "30",
                "at most 24");
        assertFails(
                IllegalArgumentException.class,
                () -> encoder(30).forGeneration(sample, -1),
                "answerTokens must be 0 or more, was -1");
    }

    @Test
    void maxTokens_isCheckedAndLoweredToThePositions() {
        assertEquals(2, encoder(2).maxTokens());
        assertEquals(64, encoder(1 << 30).maxTokens());
        assertFails(IllegalArgumentException.class, () -> encoder(1), "maxTokens must be 2 or more, was 1");
    }

    /** Cut in the middle of a pair of chars, a face would become an unknown token. */
    @Test
    void cuts_neverSplitACharacter() {
        String faces = FACE.repeat(40);
        for (int max = 16; max < 40; max++) {
            for (Instruction sample : new Instruction[] {
                new Instruction("add", faces, "a"),
                new Instruction(faces, "", "a"),
                new Instruction("a", "b" + faces, "")
            }) {
                EncodedSample cut = training(max, sample);
                assertEquals(max, cut.ids().length);
                assertTrue(IntStream.of(cut.ids()).noneMatch(id -> id == 0), () -> prompt(cut));
            }
        }
    }

    @Test
    void text_withHalvesOfPairsAndZeros_isStillEncoded() {
        for (String odd : new String[] {"\uD83D", "a\uDE00b", "\u0000", "\uFFFF", "\uDE00\uD83D"}) {
            EncodedSample sample = training(64, new Instruction(odd, odd, odd));
            assertTrue(sample.answerLength() >= 1, () -> "answer of " + odd);
        }
    }

    /** Seeds are fixed, so this cannot fail by chance. */
    @Test
    void anySample_keepsTheRules() {
        int[] marker = model.tokenizer().encodePlain(" A:");
        for (int seed = 0; seed < 400; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Instruction sample = new Instruction(text(random, 40), text(random, 60), text(random, 30));
            int max = 2 + random.nextInt(70);
            SampleEncoder encoder = encoder(max);
            int[] output = model.tokenizer().encodePlain(sample.output());
            Optional<EncodedSample> training = encoder.forTraining(sample);
            assertEquals(6 + output.length + 1 <= encoder.maxTokens(), training.isPresent(), "seed " + seed);
            if (training.isPresent()) {
                EncodedSample encoded = training.get();
                int start = encoded.answerStart();
                int length = encoded.ids().length;
                assertTrue(length <= Math.min(max, 64), "seed " + seed);
                assertArrayEquals(output, Arrays.copyOfRange(encoded.ids(), start, length - 1), "seed " + seed);
                assertEquals(END, encoded.ids()[length - 1]);
                assertArrayEquals(marker, Arrays.copyOfRange(encoded.ids(), start - 3, start), "seed " + seed);
                int[] whole = model.tokenizer().encode(TinyModel.TEMPLATE.prompt(sample));
                assertEquals(whole.length + output.length + 1 > encoder.maxTokens(), encoded.cut(), "seed " + seed);
                if (!encoded.cut()) {
                    assertArrayEquals(whole, Arrays.copyOf(encoded.ids(), start));
                } else if (start > 1 + 5 && prompt(encoded).contains(" I:")) {
                    assertEquals(encoder.maxTokens(), length, "no more is cut than must be, seed " + seed);
                }
            }
            EncodedSample features = encoder.forFeatures(sample);
            assertTrue(features.ids().length >= 1 && features.ids().length <= encoder.maxTokens());
            assertTrue(features.answerStart() <= features.ids().length);
        }
    }

    private static String text(SplittableRandom random, int longest) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(longest);
        for (int i = 0; i < length; i++) {
            text.append(
                    switch (random.nextInt(8)) {
                        case 0 -> FACE;
                        case 1 -> "~"; // unknown
                        default -> String.valueOf((char) ('a' + random.nextInt(26)));
                    });
        }
        return text.toString();
    }

    @Test
    void forGeneration_templateTooLong_namesTheSettingThatHelps() {
        Instruction sample = new Instruction("add", "a b c", "never seen");
        int template = encoder(30).templateTokens();
        for (int most : new int[] {template - 2, template}) {
            String message = assertFails(
                    IllegalArgumentException.class,
                    () -> encoder(most).forGeneration(sample, 1),
                    "template alone has " + template + " tokens",
                    "raise maxTokens");
            assertFalse(message.contains("at most"), "no number of answer tokens helps: " + message);
        }
        assertEquals(template, encoder(template + 1).forGeneration(sample, 1).ids().length);
    }
}
