package io.github.fedhds.peft;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.tokenizer.Tokenizer;
import io.github.fedhds.transformer.GgufExport;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The model card, the copies of the tokenizer, and what is known of servers. */
class ModelCardTest {
    private static final String MODULE = "model.layers.0.self_attn.q_proj";

    @TempDir
    private Path folder = Path.of("");

    private Path base = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void makeBase() throws IOException {
        base = TinyModel.write(Files.createDirectories(folder.resolve("base")));
        Files.writeString(base.resolve("chat_template.jinja"), "{{ messages }}");
        out = folder.resolve("out");
    }

    private static LoraConfig config(int rank) {
        return new LoraConfig(rank, 16, 0.05, List.of("q_proj"), false);
    }

    private static Adapter adapter(int rank, String module) {
        return new Adapter(Map.of(
                module + ".lora_A", new Tensor(new int[] {rank, 3}, new float[3 * rank]),
                module + ".lora_B", new Tensor(new int[] {4, rank}, new float[4 * rank])));
    }

    private static Set<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    private String write(ModelCard card) throws IOException {
        PeftFolder.write(out, config(2), adapter(2, MODULE), card);
        return Files.readString(out.resolve("README.md"));
    }

    @Test
    void write_card_tellsBaseSettingsFiguresAndLoading() throws IOException {
        String text = write(ModelCard.of(base)
                .withBaseName("org/Model-1B")
                .with("rounds", "9")
                .with("a|b", "0.1234")
                .with("rounds", "10"));
        assertTrue(text.startsWith("---\nbase_model: \"org/Model-1B\"\nlibrary_name: peft\n"), text);
        for (String part : List.of(
                "| rank | 2 |",
                "| alpha | 16 |",
                "| scale | 8, alpha / rank |",
                "| dropout in training | 0.05 |",
                "| target modules | `q_proj` |",
                "| parameters | 14 |",
                "| rounds | 10 |\n| a\\|b | 0.1234 |",
                "from_pretrained(\"org/Model-1B\")",
                "vllm serve org/Model-1B --enable-lora --lora-modules tuned=ADAPTER_FOLDER",
                "--lora adapter.gguf",
                "ADAPTER ./adapter.gguf")) {
            assertTrue(text.contains(part), () -> part + " in " + text);
        }
        assertEquals("org/Model-1B", PeftFolder.read(out).baseModelName());
    }

    @Test
    void write_baseFolder_copiesItsTokenizer() throws IOException {
        write(ModelCard.of(base));
        assertEquals(
                Set.of(
                        "README.md",
                        "adapter_config.json",
                        "adapter_model.safetensors",
                        "tokenizer.json",
                        "chat_template.jinja"),
                files(out));
        assertEquals(-1, Files.mismatch(base.resolve("tokenizer.json"), out.resolve("tokenizer.json")));
        Files.delete(base.resolve("chat_template.jinja"));
        write(ModelCard.of(base));
        assertFalse(Files.exists(out.resolve("chat_template.jinja")), "of the base before");
        Files.writeString(out.resolve("notes.txt"), "mine");
        PeftFolder.delete(out);
        assertEquals(Set.of("notes.txt"), files(out));
    }

    /** A GGUF base: the tokenizer of its vocabulary, or the one that was given in its place. */
    @Test
    void write_ggufBase_hasTheTokenizerThatWasUsed() throws IOException {
        Path file = folder.resolve("model.gguf");
        GgufExport.of(base)
                .put("tokenizer.huggingface.json", TinyModel.tokenizer().toString())
                .put("tokenizer.chat_template", "{{ x }}")
                .write(file);
        write(ModelCard.of(file));
        assertEquals("{{ x }}", Files.readString(out.resolve("chat_template.jinja")));
        String made = Files.readString(out.resolve("tokenizer_config.json"));
        assertTrue(made.contains("\"eos_token\": \"</s>\""), made);
        try (Tokenizer expected = Tokenizer.load(file);
                Tokenizer actual = Tokenizer.load(out)) {
            assertArrayEquals(expected.encode("hello a b"), actual.encode("hello a b"));
        }
        Files.writeString(base.resolve("tokenizer_config.json"), "{\"eos_token\": \"</s>\", \"x\": 1}");
        write(ModelCard.of(file).withTokenizer(base.resolve("tokenizer.json")));
        for (String name : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
            assertEquals(-1, Files.mismatch(base.resolve(name), out.resolve(name)), name);
        }
        Files.delete(base.resolve("chat_template.jinja"));
        write(ModelCard.of(file).withTokenizer(base.resolve("tokenizer.json")));
        assertEquals("{{ x }}", Files.readString(out.resolve("chat_template.jinja")), "of the GGUF file");
    }

    @Test
    void write_noBase_writesACardWithoutName() throws IOException {
        String text = write(ModelCard.named(""));
        assertFalse(text.contains("base_model"), text);
        assertFalse(text.contains("Figures"), text);
        assertTrue(text.contains("| base model | unknown |"), text);
        assertEquals(Set.of("README.md", "adapter_config.json", "adapter_model.safetensors"), files(out));
    }

    /** Quotes end neither the YAML text nor the Python one. */
    @Test
    void write_quotesInTheName_areEscaped() throws IOException {
        String text = write(ModelCard.named("C:\\a \"b\" `c`"));
        assertTrue(text.contains("base_model: \"C:\\\\a \\\"b\\\" `c`\"\n"), text);
        assertTrue(text.contains("| base model | `` C:\\a \"b\" `c` `` |"), text);
    }

    @Test
    void card_badTexts_areRefused() throws IOException {
        assertFails(
                IllegalArgumentException.class,
                () -> ModelCard.named("a\n---\nb"),
                "the base model's name must be one line",
                "a?---?b");
        assertFails(
                IllegalArgumentException.class,
                () -> ModelCard.named("a").with("loss", "1\r2"),
                "loss must be one line");
        assertFails(
                IllegalArgumentException.class,
                () -> ModelCard.named("a").with("x\ty", "1"),
                "a figure's name must be");
        assertFails(
                IllegalArgumentException.class,
                () -> PeftFolder.write(base, config(2), adapter(2, MODULE), ModelCard.of(base)),
                "is the folder of the base model");
        assertFalse(Files.exists(base.resolve("README.md")));
    }

    @ParameterizedTest
    @CsvSource({"1,''", "16,''", "17,' --max-lora-rank 32'", "300,' --max-lora-rank 320'", "512,' --max-lora-rank 512'"
    })
    void vllm_ranks_needTheNextLimit(int rank, String option) {
        String text = ModelCard.named("m").text(config(rank), adapter(rank, MODULE));
        assertTrue(text.contains("vllm serve m --enable-lora" + option + " --lora-modules"), text);
    }

    @Test
    void servers_whatTheyCannotLoad_isSaidInTheCard() {
        Adapter wide = adapter(513, MODULE);
        assertEquals(
                Optional.of("rank 513 is above 512, the largest value of --max-lora-rank"),
                AdapterServer.VLLM.refusal(config(513), wide));
        assertEquals(Optional.empty(), AdapterServer.LLAMA_CPP.refusal(config(513), wide));
        assertTrue(ModelCard.named("m").text(config(513), wide).contains("vLLM does not load this adapter: rank 513"));
        LoraConfig gpt2 = config(2).withTargetModules(List.of("c_attn"));
        Adapter ofGpt2 = adapter(2, "transformer.h.0.attn.c_attn");
        assertEquals(Optional.of("its GPT-2 does not support LoRA"), AdapterServer.VLLM.refusal(gpt2, ofGpt2));
        assertEquals(Optional.empty(), AdapterServer.OLLAMA.refusal(gpt2, ofGpt2));
        Adapter embedding = adapter(2, "model.embed_tokens");
        for (AdapterServer server : List.of(AdapterServer.LLAMA_CPP, AdapterServer.OLLAMA)) {
            assertEquals(
                    Optional.of("it wants other shapes for the embedding model.embed_tokens"),
                    server.refusal(config(2), embedding));
        }
    }
}
