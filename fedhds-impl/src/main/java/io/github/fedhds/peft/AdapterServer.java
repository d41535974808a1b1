package io.github.fedhds.peft;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.lora.LoraConfig;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Programs that serve LoRA adapters, and what is known of their limits from their source: vLLM 0.14, llama.cpp and Ollama
 * 0.22. Nothing was run.
 *
 * @see <a href="https://docs.vllm.ai/en/v0.14.0/api/vllm/config/lora/">vLLM's LoRAConfig</a>
 */
public enum AdapterServer {
    /** Reads the PEFT folder. */
    VLLM("vLLM") {
        @Override
        public Optional<String> refusal(LoraConfig config, Adapter adapter) {
            Optional<String> gpt2 = module(adapter, name -> name.startsWith("transformer."));
            if (gpt2.isPresent()) {
                return Optional.of("its GPT-2 does not support LoRA");
            }
            int largest = VLLM_RANKS[VLLM_RANKS.length - 1];
            return config.rank() <= largest
                    ? Optional.empty()
                    : Optional.of("rank " + config.rank() + " is above " + largest
                            + ", the largest value of --max-lora-rank");
        }

        @Override
        String use(String base, LoraConfig config) {
            String rank = "";
            for (int i = VLLM_RANKS.length - 1; i >= 0 && VLLM_RANKS[i] >= config.rank(); i--) {
                rank = config.rank() <= VLLM_DEFAULT_RANK ? "" : " --max-lora-rank " + VLLM_RANKS[i];
            }
            return "vllm serve " + base + " --enable-lora" + rank + " --lora-modules tuned=ADAPTER_FOLDER";
        }

        @Override
        Optional<String> condition() {
            return Optional.empty();
        }
    },

    /** Reads the file of {@link GgufAdapter}. */
    LLAMA_CPP("llama.cpp") {
        @Override
        public Optional<String> refusal(LoraConfig config, Adapter adapter) {
            return module(adapter, name -> name.endsWith("embed_tokens") || name.endsWith(".wte"))
                    .map(name -> "it wants other shapes for the embedding " + name);
        }

        @Override
        String use(String base, LoraConfig config) {
            return "llama-cli -m MODEL.gguf --lora adapter.gguf";
        }

        @Override
        Optional<String> condition() {
            return Optional.of("The command `fedhds export`, or GgufAdapter.write, makes adapter.gguf.");
        }
    },

    /** Reads the file of {@link GgufAdapter}, for models that it runs by llama.cpp. */
    OLLAMA("Ollama") {
        @Override
        public Optional<String> refusal(LoraConfig config, Adapter adapter) {
            return LLAMA_CPP.refusal(config, adapter);
        }

        @Override
        String use(String base, LoraConfig config) {
            return "FROM ./MODEL.gguf\nADAPTER ./adapter.gguf";
        }

        @Override
        Optional<String> condition() {
            return Optional.of(
                    "For models that Ollama runs in its own engine it refuses every adapter with \"loras are not yet"
                            + " implemented\"; then use a merged model (fedhds merge, or MergedGguf.write).");
        }
    };

    /** The values that --max-lora-rank can have. */
    private static final int[] VLLM_RANKS = {1, 8, 16, 32, 64, 128, 256, 320, 512};

    private static final int VLLM_DEFAULT_RANK = 16;

    private final String title;

    AdapterServer(String title) {
        this.title = title;
    }

    /**
     * Why this program does not load an adapter.
     *
     * @return empty if no reason is known; the program may still refuse it for reasons of its own version
     */
    public abstract Optional<String> refusal(LoraConfig config, Adapter adapter);

    /** What the user types. */
    abstract String use(String base, LoraConfig config);

    /** What must hold besides. */
    abstract Optional<String> condition();

    private static Optional<String> module(Adapter adapter, Predicate<String> matches) {
        return adapter.tensors().keySet().stream()
                .map(LoraNames::module)
                .filter(matches)
                .findFirst();
    }

    /** The program's name. */
    @Override
    public String toString() {
        return title;
    }
}
