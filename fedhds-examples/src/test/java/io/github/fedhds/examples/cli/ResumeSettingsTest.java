package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every option of the main job either is compared on a resume, which names it, or changes no result. */
class ResumeSettingsTest extends OnMainJob {
    /** Options that a resume may have otherwise: the rest of the run comes to the same bytes. */
    private static final Map<String, String> FREE = Map.of(
            "--rounds", "3",
            "--parallel", "3",
            "--gradient-checkpointing", "",
            "--packed", "",
            "--base-name", "someone/base",
            "--evaluate-every", "2",
            "--patience", "9",
            "--feature-cache", "rows",
            "--feature-cache-size", "1",
            "--device", "auto,auto"); // the same device by another name, twice; another one is refused

    /** Options that say where the run is, or do no run. */
    private static final Set<String> OTHERS =
            Set.of("--out", "--resume", "--json", "--config", "--help", "--version", "-h", "-V");

    /** A run's options for each option that is compared, and the value that its resume has instead. */
    private Map<String, String[]> compared() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        Map<String, Tensor> weights = new TreeMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(model.resolve("model.safetensors"))) {
            file.names().forEach(name -> weights.put(name, file.readTensor(name)));
        }
        weights.computeIfPresent("model.norm.weight", (name, norm) -> Tensor.of(norm.shape(), i -> 1.5f));
        SafetensorsWriter.write(model.resolve("model.safetensors"), weights, Map.of());
        writeLines(folder.resolve("other.jsonl"), 9, 39);
        Map<String, String[]> compared = new LinkedHashMap<>();
        compared.put("--model", new String[] {model.toString()});
        compared.put("--data", new String[] {folder.resolve("other.jsonl").toString()});
        compared.put("--fraction", new String[] {"0.4"});
        compared.put("--clients", new String[] {"8"});
        compared.put("--partition", new String[] {"even"});
        compared.put("--held-out", new String[] {"task-3"});
        compared.put("--instances", new String[] {"0.5"});
        compared.put("--seed", new String[] {"2"});
        compared.put("--selection", new String[] {"random"});
        compared.put("--share", new String[] {"0.02"});
        compared.put("--samples-per-group", new String[] {"2", "--selection", "fedhds"});
        compared.put("--clustering", new String[] {"kmeans", "--selection", "fedhds"});
        compared.put("--groups", new String[] {"4", "--selection", "fedhds", "--clustering", "kmeans"});
        compared.put("--fusion", new String[] {"pca"});
        compared.put("--feature-model", new String[] {model.toString()});
        compared.put("--feature-layers", new String[] {"1"});
        compared.put("--max-length", new String[] {"500"});
        compared.put("--target-modules", new String[] {"q_proj"});
        compared.put("--learning-rate", new String[] {"3e-4"});
        compared.put("--epochs", new String[] {"2"});
        compared.put("--answer-tokens", new String[] {"3"});
        compared.put("--evaluate-limit", new String[] {"1"});
        compared.put("--evaluate-tasks", new String[] {
            Dataset.load(shared.resolve("data.jsonl"), 1)
                    .unseen()
                    .keySet()
                    .iterator()
                    .next()
        });
        compared.put("--epsilon", new String[] {"9", "--epsilon", "8", "--clip", "1"});
        compared.put("--delta", new String[] {"1e-6", "--epsilon", "8", "--clip", "1"});
        compared.put("--clip", new String[] {"2", "--epsilon", "8", "--clip", "1"});
        compared.put("--report-centroids", new String[] {"9", "--epsilon", "8", "--clip", "1"});
        compared.put("--public-samples", new String[] {"50", "--epsilon", "8", "--clip", "1"});
        compared.put("--secure-aggregation", new String[] {"", "--fraction", "0.4"});
        compared.put("--precision", new String[] {"bfloat16"});
        return compared;
    }

    @Test
    void everyOption_isComparedByNameOrFree() throws IOException {
        Map<String, String[]> compared = compared();
        Set<String> declared = new TreeSet<>(compared.keySet());
        declared.addAll(FREE.keySet());
        declared.addAll(OTHERS);
        declared.addAll(Set.of("--template", "--tokenizer")); // compared in tests of their own
        declared.add("--noise-by"); // each of its values goes with other values of --selection, which is compared
        assertEquals(runOptions(), declared, "say of a new option whether a result depends on it");
        String[] plain = {"--fraction", "0.25", "--clients", "9", "--max-length", "400"};
        Map<String, Path> runs = new LinkedHashMap<>();
        for (Map.Entry<String, String[]> option : compared.entrySet()) {
            List<String> run = new ArrayList<>(List.of(plain));
            run.addAll(List.of(option.getValue()).subList(1, option.getValue().length));
            Path out = runs.computeIfAbsent(run.toString(), more -> {
                Path made = folder.resolve("run-" + runs.size());
                Outcome begun = own(made, run.toArray(new String[0]));
                assertTrue(begun.status() == 0 || begun.status() == 3, begun.err());
                return made;
            });
            run.addAll(List.of(option.getKey(), option.getValue()[0]));
            Outcome outcome = resume(out, run.toArray(new String[0]));
            assertEquals(1, outcome.status(), option.getKey());
            assertTrue(
                    outcome.err()
                            .matches("(?s).* was made with(out)? (SHA-256 of the [a-z ]+ of )?" + option.getKey()
                                    + "[ ,].*"),
                    () -> option.getKey() + ": " + outcome.err());
        }
        Path noised = runs.entrySet().stream()
                .filter(run -> run.getKey().contains("--epsilon"))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow();
        Outcome longer = resume(noised, with(plain, "--epsilon", "8", "--clip", "1", "--rounds", "2"));
        assertTrue(longer.err().contains("was made with --rounds 1, this run has 2"), longer.err());
        Outcome exact = resume(noised, plain);
        assertTrue(
                exact.err().contains("was made with --clip") || exact.err().contains("was made with --epsilon"),
                exact.err());
        Path out = runs.values().iterator().next();
        Outcome rate = resume(out, with(plain, "--learning-rate", "3e-4"));
        assertTrue(rate.err().contains("made with --learning-rate 0.01, this run has 3e-4;"), rate.err());
    }

    @Test
    void freeOptions_changeNoByteOfAResumedRun() throws IOException {
        String small = shared.resolve("model").toString();
        String[] plain = {"--feature-model", small};
        Path whole = folder.resolve("whole");
        Path parted = folder.resolve("parted");
        assertEquals(0, own(whole, with(plain, "--rounds", "3")).status());
        assertEquals(0, own(parted, with(plain, "--rounds", "2")).status());
        List<String> more = new ArrayList<>(List.of(plain));
        FREE.forEach((option, value) -> more.addAll(
                List.of(option, value.equals("rows") ? folder.resolve("rows").toString() : value)));
        more.addAll(List.of("--max-length", "600")); // above the context lengths of both models, as the default is
        Outcome outcome = resume(parted, more.toArray(new String[0]));
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.out().contains("resumed after round 2 of 3"), outcome.out());
        assertArrayEquals(weights(whole), weights(parted));
    }

    /** The backtick's token becomes the beginning of a turn. */
    @Test
    void anotherTemplate_isRefusedByName_andTheSameOneUnderItsNameIsNot() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        JsonObject tokenizer = JsonParser.parseString(Files.readString(model.resolve("tokenizer.json")))
                .getAsJsonObject();
        JsonObject vocabulary = tokenizer.getAsJsonObject("model").getAsJsonObject("vocab");
        vocabulary.add("<s>", vocabulary.remove("`"));
        JsonObject begin =
                tokenizer.getAsJsonArray("added_tokens").get(0).deepCopy().getAsJsonObject();
        begin.addProperty("content", "<s>");
        begin.add("id", vocabulary.get("<s>"));
        tokenizer.getAsJsonArray("added_tokens").add(begin);
        Files.writeString(model.resolve("tokenizer.json"), tokenizer.toString());
        Path out = folder.resolve("out");
        String[] on = {"--model", model.toString()};
        Outcome begun = own(out, on);
        assertEquals(0, begun.status(), begun.err());
        assertTrue(begun.out().contains("device cpu, prompt template alpaca"), begun.out());
        Outcome other = resume(out, with(on, "--template", "llama2"));
        assertEquals(1, other.status());
        assertTrue(
                other.err().matches("(?s).* was made with --template alpaca .*, this run has llama2 .*"), other.err());
        assertEquals(0, resume(out, with(on, "--template", "alpaca")).status());
        Outcome fresh = own(folder.resolve("fresh"), with(on, "--template", "llama2"));
        assertTrue(fresh.out().contains("prompt template llama2"), fresh.out() + fresh.err());
        Outcome missing = own(folder.resolve("missing"), with(on, "--template", "chatml"));
        assertEquals(1, missing.status());
        assertTrue(missing.err().contains("no special token <|im_end|>"), missing.err());
        assertEquals(2, own(out, with(on, "--template", "zephyr")).status());
    }

    @Test
    void anotherTokenizer_isRefused() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        Path out = folder.resolve("out");
        assertEquals(0, own(out, "--model", model.toString()).status());
        JsonObject tokenizer = JsonParser.parseString(Files.readString(model.resolve("tokenizer.json")))
                .getAsJsonObject();
        JsonObject vocabulary = tokenizer.getAsJsonObject("model").getAsJsonObject("vocab");
        int a = vocabulary.get("a").getAsInt();
        vocabulary.add("a", vocabulary.get("b"));
        vocabulary.addProperty("b", a);
        Files.writeString(model.resolve("tokenizer.json"), tokenizer.toString());
        Outcome outcome = resume(out, "--model", model.toString());
        assertEquals(1, outcome.status());
        assertTrue(outcome.err().contains("was made with SHA-256 of the tokenizer files of --model "), outcome.err());
    }

    /** The base as a GGUF file, with a tokenizer file that is moved, and then changed. */
    @Test
    void anotherTokenizerOfAGgufFile_isRefused_andAnEqualOneIsNot() throws IOException {
        Path model = TinyModel.writeGguf(shared.resolve("model"), folder.resolve("model.gguf"));
        Path out = folder.resolve("out");
        Path given = folder.resolve("tokenizer.json");
        Files.copy(shared.resolve("model/tokenizer.json"), given);
        String[] on = {"--model", model.toString(), "--tokenizer", given.toString()};
        Outcome begun = own(out, on);
        assertEquals(0, begun.status(), begun.err());
        assertEquals(-1, Files.mismatch(given, out.resolve("adapter/tokenizer.json")));
        assertTrue(Files.readString(out.resolve("config.json")).contains("\"tokenizer\""));
        Path moved = Files.move(given, folder.resolve("moved.json"));
        assertEquals(
                0,
                resume(out, "--model", model.toString(), "--tokenizer", moved.toString())
                        .status());
        Files.writeString(
                moved, Files.readString(moved).replace("\"post_processor\": null", "\"post_processor\": " + """
                        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "</s>", "type_id": 0}},
                          {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
                         "special_tokens": {"</s>": {"id": "</s>", "ids": [0], "tokens": ["</s>"]}}}"""));
        Outcome outcome = resume(out, "--model", model.toString(), "--tokenizer", moved.toString());
        assertEquals(1, outcome.status());
        assertTrue(outcome.err().contains("was made with SHA-256 of the tokenizer of --model "), outcome.err());
        Outcome folderBase = own(folder.resolve("other"), "--tokenizer", moved.toString());
        assertEquals(1, folderBase.status());
        assertTrue(folderBase.err().contains("an own tokenizer is for GGUF files"), folderBase.err());
    }
}
