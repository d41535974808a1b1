package io.github.fedhds.features;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HiddenStateExtractorTest extends FeatureExtractorContract {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final AdapterForm FORM = new AdapterForm(List.of("q_proj", "up_proj"), 2, 2);
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static HiddenStateExtractor.Builder builder() {
        return HiddenStateExtractor.builder(model).template(TinyModel.TEMPLATE).tokenBudget(150);
    }

    @Override
    FeatureExtractor extractor() {
        return builder().adapter(FORM).build();
    }

    @Override
    RoundContext round() {
        return round(TinyModel.adapter(model.config(), FORM, 1));
    }

    private static RoundContext round(Adapter adapter) {
        return new RoundContext("run", 1, Optional.empty(), 0, adapter, Map.of());
    }

    @Test
    void extract_oneInstruction_isTheStateOfItsLastToken() {
        Instruction sample = new Instruction("add", "a b", "ab");
        FeatureMatrix features = builder().build().extract(List.of(sample), RoundContext.first());
        assertEquals(3, features.blocks());
        assertEquals(16, features.width());
        int[] ids = model.tokenizer().encode("Q:add I:a b A:ab");
        int[] text = Arrays.copyOf(ids, ids.length + 1);
        text[ids.length] = TinyModel.END;
        List<float[]> states = model.base().states(text);
        for (int block = 0; block < 3; block++) {
            float[] state = states.get(block);
            assertArrayEquals(
                    Arrays.copyOfRange(state, state.length - 16, state.length),
                    Arrays.copyOfRange(features.row(0), block * 16, block * 16 + 16),
                    2e-5f);
        }
    }

    @Test
    void extract_roundsAdapter_isUsedOnlyWhenAsked() {
        List<Instruction> list = instructions(3);
        FeatureMatrix base = builder().build().extract(list, RoundContext.first());
        assertEquals(base, builder().build().extract(list, round()));
        FeatureMatrix adapted = extractor().extract(list, round());
        assertFalse(base.equals(adapted));
        assertFails(VALUE, () -> extractor().extract(list, RoundContext.first()), "lora_A", "is missing");
    }

    @Test
    void extract_meanPooling_differsFromLastToken() {
        List<Instruction> list = instructions(3);
        assertFalse(builder()
                .build()
                .extract(list, round())
                .equals(builder().pooling(Pooling.MEAN).build().extract(list, round())));
    }

    @Test
    void extract_parts_areTheInstructionsMeansThenTheAnswers() {
        List<Instruction> list = List.of(
                new Instruction("add", "a b", "ab"),
                new Instruction("add", "c", "ab"),
                new Instruction("", "a b", "cd"));
        FeatureMatrix parts = builder().pooling(Pooling.PARTS).build().extract(list, round());
        assertEquals(6, parts.blocks());
        FeatureMatrix instructions = Pooling.PARTS.grouping(parts);
        assertEquals(3, instructions.blocks());
        // What follows an instruction does not move it, what comes before an answer does.
        assertArrayEquals(instructions.row(0), instructions.row(1), 2e-5f);
        assertArrayEquals(new float[48], instructions.row(2));
        assertFalse(parts.blocks(3, 6).equals(parts.blocks(0, 3)));
        int[] ids = model.tokenizer().encode("Q:add I:a b A:ab");
        int[] text = Arrays.copyOf(ids, ids.length + 1);
        text[ids.length] = TinyModel.END;
        List<float[]> states = model.base().states(text);
        int[][] spans = {{3, 6}, {text.length - 3, text.length}};
        for (int block = 0; block < 6; block++) {
            double[] mean = new double[16];
            for (int i = 0; i < 16; i++) {
                for (int t = spans[block / 3][0]; t < spans[block / 3][1]; t++) {
                    mean[i] += states.get(block % 3)[t * 16 + i] / 3;
                }
                assertEquals(mean[i], parts.row(0)[block * 16 + i], 2e-5);
            }
        }
        FeatureMatrix some =
                builder().pooling(Pooling.PARTS).states(1, 2).build().extract(list, round());
        assertArrayEquals(parts.blocks(1, 3).toArray(), some.blocks(0, 2).toArray(), 2e-5f);
        assertArrayEquals(parts.blocks(4, 6).toArray(), some.blocks(2, 4).toArray(), 2e-5f);
        for (Pooling whole : Pooling.values()) {
            assertEquals(whole == Pooling.PARTS ? instructions : parts, whole.grouping(parts));
        }
    }

    @Test
    void extract_layersScaledToUnitLength_keepTheirDirections() {
        List<Instruction> list = new ArrayList<>(instructions(9));
        list.add(new Instruction("", "a b", "cd")); // with parts, an empty one
        list.add(list.get(0));
        for (Pooling pooling : Pooling.values()) {
            HiddenStateExtractor.Builder builder = builder().pooling(pooling);
            FeatureMatrix raw = builder.build().extract(list, round());
            FeatureMatrix unit =
                    builder.layerScaling(LayerScaling.UNIT_LENGTH).build().extract(list, round());
            assertEquals(raw.blocks(), unit.blocks());
            for (int i = 0; i < list.size(); i++) {
                for (int block = 0; block < raw.blocks(); block++) {
                    float[] expected = Arrays.copyOfRange(raw.row(i), block * 16, block * 16 + 16);
                    double squares = 0;
                    for (float value : expected) {
                        squares += value * value;
                    }
                    for (int c = 0; c < 16; c++) {
                        double value = squares == 0 ? 0 : expected[c] / Math.sqrt(squares);
                        assertEquals(value, unit.get(i, block * 16 + c), 1e-6, pooling + ", row " + i);
                    }
                }
            }
            assertArrayEquals(unit.row(0), unit.row(10)); // scaled once, though it is in the list twice
            assertEquals(
                    raw,
                    builder.layerScaling(LayerScaling.NONE).build().extract(list, round()),
                    "the default changes no bit");
        }
    }

    /** Whatever else is in the list: a batch would give equal texts rows that differ in their last bits. */
    @Test
    void extract_equalInstructions_givesEqualRowsAndOtherRowsAsWithoutCopies() {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            List<Instruction> distinct = instructions(2 + random.nextInt(12));
            int[] copies = IntStream.concat(IntStream.range(0, distinct.size()), random.ints(40, 0, distinct.size()))
                    .toArray();
            List<Instruction> list =
                    IntStream.of(copies).mapToObj(distinct::get).toList();
            for (Pooling pooling : Pooling.values()) {
                HiddenStateExtractor extractor =
                        builder().adapter(FORM).pooling(pooling).build();
                FeatureMatrix expected = extractor.extract(distinct, round());
                FeatureMatrix actual = extractor.extract(list, round());
                for (int i = 0; i < copies.length; i++) {
                    assertArrayEquals(
                            expected.row(copies[i]), actual.row(i), pooling + ", seed " + seed + ", row " + i);
                }
            }
        }
    }

    /** The right one; that it is equal to the last bit where it would not be is held by SharedInstructionTest. */
    @Test
    void extract_partsOfOneInstruction_haveOneMeanOfIt() {
        Random random = new Random(1);
        List<Instruction> list = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            list.add(new Instruction(
                    List.of("add", "abc ab", "d").get(i % 3),
                    "ab ".repeat(1 + random.nextInt(9)) + i,
                    "ab".repeat(1 + i % 4)));
        }
        FeatureExtractor parts = builder().adapter(FORM).pooling(Pooling.PARTS).build();
        FeatureMatrix features = parts.extract(list, round());
        FeatureMatrix grouping = Pooling.PARTS.grouping(features);
        for (int i = 3; i < 60; i++) {
            assertArrayEquals(grouping.row(i % 3), grouping.row(i));
            FeatureMatrix alone = Pooling.PARTS.grouping(parts.extract(list.subList(i, i + 1), round()));
            assertArrayEquals(alone.row(0), grouping.row(i), 2e-5f);
        }
        assertEquals(
                60,
                IntStream.range(0, 60)
                        .mapToObj(i -> Arrays.toString(features.row(i)))
                        .distinct()
                        .count());
    }

    @Test
    void grouping_rowsWithoutParts_namesPoolingAndExtractor() {
        FeatureMatrix bagOfWords = new FeatureMatrix(2, 1, 5, new float[10]);
        assertFails(
                VALUE,
                () -> Pooling.PARTS.grouping(bagOfWords),
                "Pooling.PARTS",
                "the feature extractor gave rows of 1 blocks of width 5",
                "leave FedHds' pooling at LAST_TOKEN");
        assertEquals(bagOfWords, Pooling.LAST_TOKEN.grouping(bagOfWords));
    }

    /** The default template alone is longer than this model's context length of 64: samples are cut and still have features. */
    @Test
    void extract_withDefaults_givesFeaturesOfWhatFits() {
        FeatureMatrix features = HiddenStateExtractor.builder(model).build().extract(instructions(5), round());
        assertEquals(5, features.rows());
        assertEquals(-1, features.firstNonFiniteRow());
    }

    @Test
    void settings_areChecked() {
        assertFails(VALUE, () -> builder().maxTokens(1), "maxTokens must be 2 or more, was 1");
        assertFails(VALUE, () -> builder().tokenBudget(0), "tokenBudget must be 1 or more, was 0");
        assertEquals(
                1,
                builder()
                        .maxTokens(2)
                        .tokenBudget(1)
                        .build()
                        .extract(instructions(1), round())
                        .rows());
    }
}
