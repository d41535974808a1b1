package io.github.fedhds.peft;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftFolderTest {
    private static final String MODULE = "model.layers.0.self_attn.q_proj";

    @TempDir
    Path folder;

    private final LoraConfig config = new LoraConfig(2, 16, 0.05, List.of("q_proj", "v_proj"), true);
    private Adapter adapter = Adapter.empty();

    @BeforeEach
    void makeAdapter() {
        adapter = new Adapter(Map.of(
                MODULE + ".lora_A", new Tensor(new int[] {2, 3}, new float[] {1, 2, 3, 4, 5, 6}),
                MODULE + ".lora_B", new Tensor(new int[] {4, 2}, new float[] {8, 7, 6, 5, 4, 3, 2, -0f})));
    }

    private void rewriteConfig(String from, String to) throws IOException {
        Path file = folder.resolve("adapter_config.json");
        String text = Files.readString(file);
        assertTrue(text.contains(from), text);
        Files.writeString(file, text.replace(from, to));
    }

    @Test
    void write_thenRead_givesTheSame() {
        PeftFolder.write(folder, config, adapter, "base/model");
        assertEquals(new PeftFolder(config, adapter, "base/model"), PeftFolder.read(folder));
    }

    @Test
    void write_always_hasTheNamesAndOptionsOfPeft() throws IOException {
        PeftFolder.write(folder.resolve("new"), config, adapter, "base");
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("new/adapter_model.safetensors"))) {
            assertEquals(
                    List.of(
                            "base_model.model." + MODULE + ".lora_A.weight",
                            "base_model.model." + MODULE + ".lora_B.weight"),
                    List.copyOf(file.names()));
            assertEquals(Map.of("format", "pt"), file.metadata());
        }
        assertEquals("""
                {
                  "alpha_pattern": {},
                  "base_model_name_or_path": "base",
                  "bias": "none",
                  "fan_in_fan_out": false,
                  "inference_mode": true,
                  "init_lora_weights": true,
                  "lora_alpha": 16,
                  "lora_dropout": 0.05,
                  "modules_to_save": null,
                  "peft_type": "LORA",
                  "peft_version": "0.21.2",
                  "r": 2,
                  "rank_pattern": {},
                  "target_modules": [
                    "q_proj",
                    "v_proj"
                  ],
                  "task_type": "CAUSAL_LM",
                  "use_dora": false,
                  "use_rslora": true
                }
                """, Files.readString(folder.resolve("new/adapter_config.json")));
    }

    @Test
    void write_patterns_becomeTheNamesThatTheyMeant() throws IOException {
        for (String pattern : List.of("all-linear", ".*proj")) {
            PeftFolder.write(folder, config.withTargetModules(List.of(pattern)), adapter, "");
            List<String> names = PeftFolder.read(folder).config().targetModules();
            assertEquals(List.of(MODULE.replaceFirst(".*\\.\\d+\\.", "")), names);
        }
    }

    @Test
    void write_gpt2_tellsThatItsWeightsLieTransposed() throws IOException {
        Map<String, Tensor> tensors = new HashMap<>();
        adapter.tensors()
                .forEach((name, tensor) -> tensors.put(name.replace(MODULE, "transformer.h.0.attn.c_attn"), tensor));
        PeftFolder.write(folder, config.withTargetModules(List.of("c_attn")), new Adapter(tensors), "");
        assertTrue(Files.readString(folder.resolve("adapter_config.json")).contains("\"fan_in_fan_out\": true"));
    }

    @Test
    void write_fractionalAlpha_comesBack() {
        PeftFolder.write(folder, config.withAlpha(0.1), adapter, "");
        assertEquals(0.1, PeftFolder.read(folder).config().alpha());
    }

    @Test
    void write_adapterThatDoesNotFit_isRefused() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertFails(
                kind,
                () -> PeftFolder.write(folder, config.withRank(4), adapter, ""),
                "lora_A has shape [2, 3]",
                "rank 4 needs [4, in]");
        assertFails(kind, () -> PeftFolder.write(folder, config, Adapter.empty(), ""), "no tensor");
        assertFails(
                kind,
                () -> PeftFolder.write(folder, config.withTargetModules(List.of("o_proj")), adapter, ""),
                "none of the target modules [o_proj]");
        Map<String, Tensor> half = new HashMap<>(adapter.tensors());
        half.remove(MODULE + ".lora_B");
        assertFails(
                kind,
                () -> PeftFolder.write(folder, config, new Adapter(half), ""),
                "has no " + MODULE + ".lora_B beside it");
        assertFails(
                kind,
                () -> PeftFolder.write(
                        folder, config, new Adapter(Map.of("x", new Tensor(new int[] {1}, new float[1]))), ""),
                "neither");
        assertFalse(Files.exists(folder.resolve("adapter_config.json")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"peft_type\": \"LORA\" | \"peft_type\": \"IA3\" | peft_type must be \"LORA\", was \"IA3\"",
                "\"peft_type\": \"LORA\" | \"other\": null | peft_type must be",
                "\"use_dora\": false | \"use_dora\": true | option use_dora is true",
                "\"alpha_pattern\": {} | \"alpha_pattern\": {\"q_proj\": \"4\"} | alpha_pattern.q_proj must be a number",
                "\"alpha_pattern\": {} | \"alpha_pattern\": {\"q_proj\": 0} | must be finite and above 0, was 0",
                "\"alpha_pattern\": {} | \"alpha_pattern\": [4] | alpha_pattern must be an object",
                "\"alpha_pattern\": {} | \"alpha_pattern\": {\"(\": 4} | a key of alpha_pattern must be a regular expression",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 4} | the rank of its module is 4",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 2000000000} | the rank of its module is 2000000000",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 1.5} | must be a whole number of 1 or more, was 1.5",
                "\"modules_to_save\": null | \"modules_to_save\": [\"lm_head\"] | option modules_to_save is",
                "\"bias\": \"none\" | \"bias\": \"lora_only\" | option bias is \"lora_only\"",
                "\"bias\": \"none\" | \"lora_bias\": true | option lora_bias is true",
                "\"bias\": \"none\" | \"trainable_token_indices\": [1] | option trainable_token_indices is [1]",
                "\"bias\": \"none\" | \"layer_replication\": [[0, 2]] | option layer_replication is",
                "\"bias\": \"none\" | \"a_method_of_tomorrow\": 3 | option a_method_of_tomorrow is 3",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"pissa\" | option init_lora_weights is \"pissa\"",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"loftq\" | option init_lora_weights is \"loftq\"",
                "\"use_rslora\": true | \"use_rslora\": 1 | use_rslora must be true or false, was 1",
                "\"r\": 2 | \"r\": 2.5 | r must be a whole number, was 2.5",
                "\"r\": 2 | \"r\": \"2\" | r must be a number",
                "\"r\": 2 | \"r\": 1e999999999 | r must be a whole number",
                "\"r\": 2 | \"r\": 3 | needs [3, in]",
                "\"lora_alpha\": 16 | \"lora_alpha\": -1 | alpha must be finite and above 0, was -1.0",
                "\"lora_dropout\": 0.05 | \"lora_dropout\": 1 | dropout must be",
                "\"target_modules\": [ | \"target_modules\": [1, | target_modules must be a list of names",
                "\"alpha_pattern\": {} | \"alpha_pattern\": {}} | is not valid JSON at line",
                "\"alpha_pattern\": {} | alpha_pattern: {} | is not valid JSON",
            })
    void read_optionThatChangesNumbersOrIsBroken_isRefusedByName(String from, String to, String expected)
            throws IOException {
        PeftFolder.write(folder, config, adapter, "base");
        rewriteConfig(from, to);
        assertFails(FedHdsException.class, () -> PeftFolder.read(folder), expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"init_lora_weights\": \"gaussian\"",
                "\"fan_in_fan_out\": true",
                "\"layers_to_transform\": null",
                "\"layers_pattern\": \"layers\"",
                "\"qalora_group_size\": 16",
                "\"megatron_core\": \"megatron.core\"",
                "\"eva_config\": {\"rho\": 2}",
                "\"use_qalora\": false"
            })
    void read_optionThatChangesNoNumber_isTaken(String option) throws IOException {
        PeftFolder.write(folder, config, adapter, "base");
        rewriteConfig("\"bias\": \"none\"", option);
        assertEquals(adapter, PeftFolder.read(folder).adapter());
    }

    @Test
    void read_targetModulesAsPattern_takesThoseOfTheTensors() throws IOException {
        PeftFolder.write(folder, config, adapter, "base");
        rewriteConfig("\"target_modules\": [", "\"target_modules\": \"all-linear\", \"exclude_modules\": [");
        assertEquals(
                List.of("self_attn.q_proj"), PeftFolder.read(folder).config().targetModules());
    }

    /** Modules with a rank and an alpha of their own: PEFT's change of each weight, in one rank and without patterns. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void read_mixedRanks_changesTheWeightsAsBefore(boolean rsLora) throws IOException {
        String q = "model.layers.1.self_attn.q_proj";
        String v = "model.layers.0.self_attn.v_proj";
        Map<String, Tensor> mixed = new TreeMap<>();
        random(mixed, q, 2);
        random(mixed, v, 4);
        LoraConfig plain = config.withRsLora(rsLora);
        PeftFolder.write(folder, plain, adapter, "base");
        Map<String, Tensor> named = new TreeMap<>();
        mixed.forEach((name, tensor) -> named.put("base_model.model." + name + ".weight", tensor));
        SafetensorsWriter.write(folder.resolve("adapter_model.safetensors"), named, Map.of());
        rewriteConfig("\"rank_pattern\": {}", "\"rank_pattern\": {\"layers.\\\\d.self_attn.v_proj\": 4}");
        rewriteConfig("\"alpha_pattern\": {}", "\"alpha_pattern\": {\"v_proj\": 6}");
        PeftFolder read = PeftFolder.read(folder);
        assertEquals(4, read.config().rank());
        assertEquals(plain.scale(), read.config().scale(), 1e-12);
        assertArrayEquals(
                change(plain.scale(), q, mixed),
                change(read.config().scale(), q, read.adapter().tensors()),
                1e-5);
        double ofV = 6 / (rsLora ? 2.0 : 4.0);
        assertArrayEquals(
                change(ofV, v, mixed),
                change(read.config().scale(), v, read.adapter().tensors()),
                1e-5);
        PeftFolder.write(folder, read.config(), read.adapter(), "base");
        String written = Files.readString(folder.resolve("adapter_config.json"));
        assertTrue(written.contains("\"rank_pattern\": {}") && written.contains("\"alpha_pattern\": {}"), written);
        assertEquals(read, PeftFolder.read(folder));
    }

    private static void random(Map<String, Tensor> tensors, String module, int rank) {
        SplittableRandom random = new SplittableRandom(rank);
        int[][] shapes = {{rank, 3}, {4, rank}};
        for (int i = 0; i < 2; i++) {
            tensors.put(module + (i == 0 ? ".lora_A" : ".lora_B"), Tensor.of(shapes[i], n ->
                    (float) random.nextGaussian()));
        }
    }

    private static double[] change(double scale, String module, Map<String, Tensor> tensors) {
        WeightChange change = new WeightChange(
                scale,
                Objects.requireNonNull(tensors.get(module + ".lora_A")),
                Objects.requireNonNull(tensors.get(module + ".lora_B")),
                false);
        double[] row = new double[change.columns()];
        change.addTo(row, 3);
        return row;
    }

    @Test
    void read_wrongTensorsOrMissingFiles_isRefused() throws IOException {
        Class<FedHdsException> kind = FedHdsException.class;
        assertFails(kind, () -> PeftFolder.read(folder), "adapter_config.json");
        PeftFolder.write(folder, config, adapter, "base");
        Path weights = folder.resolve("adapter_model.safetensors");
        Tensor one = new Tensor(new int[] {1}, new float[1]);
        SafetensorsWriter.write(weights, Map.of("base_model.model.lm_head.weight", one), Map.of());
        assertFails(
                kind, () -> PeftFolder.read(folder), "tensor base_model.model.lm_head.weight is none of plain LoRA");
        SafetensorsWriter.write(weights, Map.of("base_model.model.x.lora_A.weight", one), Map.of());
        assertFails(kind, () -> PeftFolder.read(folder), "x.lora_A has shape [1]");
        SafetensorsWriter.write(weights, Map.of(), Map.of());
        assertFails(kind, () -> PeftFolder.read(folder), "no tensor");
        float[] bad = new float[6];
        bad[4] = Float.NaN;
        SafetensorsWriter.write(
                weights,
                Map.of(
                        "base_model.model.q_proj.lora_A.weight", new Tensor(new int[] {2, 3}, bad),
                        "base_model.model.q_proj.lora_B.weight", new Tensor(new int[] {3, 2}, new float[6])),
                Map.of());
        assertFails(kind, () -> PeftFolder.read(folder), "tensor q_proj.lora_A holds NaN at 4");
        Files.delete(weights);
        Files.createFile(folder.resolve("adapter_model.bin"));
        assertFails(kind, () -> PeftFolder.read(folder), "no such file", "pickle");
    }

    /** Every adapter folder among the golden values, written by peft 0.21, is read; written again, its weights are equal. */
    @Test
    @Tag("golden")
    void read_everyFolderOfPeft_isTaken() throws IOException {
        List<Path> folders;
        try (Stream<Path> walk = Files.walk(SharedFolders.golden().resolve("lora"))) {
            folders = walk.filter(p -> p.endsWith("adapter_config.json"))
                    .map(Path::getParent)
                    .sorted()
                    .toList();
        }
        assertFalse(folders.isEmpty());
        for (Path path : folders) {
            PeftFolder read = PeftFolder.read(path);
            assertEquals(path.toString().contains("tiny-qwen2"), read.config().rsLora(), path.toString());
            assertEquals(4, read.config().rank());
            assertEquals(read.config().rsLora() ? 4 : 2, read.config().scale());
            PeftFolder.write(folder, read.config(), read.adapter(), read.baseModelName());
            assertEquals(read, PeftFolder.read(folder));
            try (SafetensorsFile theirs = SafetensorsFile.open(path.resolve("adapter_model.safetensors"));
                    SafetensorsFile ours = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
                assertEquals(theirs.names(), ours.names());
                for (String name : ours.names()) {
                    assertArrayEquals(theirs.readFloats(name), ours.readFloats(name), path + " " + name);
                }
            }
        }
    }
}
