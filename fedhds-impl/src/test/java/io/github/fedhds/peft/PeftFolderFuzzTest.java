package io.github.fedhds.peft;

import io.github.fedhds.Fuzz;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of an adapter folder give an adapter or a typed error that names the file. */
class PeftFolderFuzzTest {
    private static final long MOST_ALLOCATED = 8 << 20;

    @TempDir
    Path folder;

    @BeforeEach
    void writeFolder() {
        String module = "model.layers.0.self_attn.q_proj";
        Adapter adapter = new Adapter(Map.of(
                module + ".lora_A", new Tensor(new int[] {2, 3}, new float[] {1, 2, 3, 4, 5, 6}),
                module + ".lora_B", new Tensor(new int[] {4, 2}, new float[] {8, 7, 6, 5, 4, 3, 2, 1})));
        PeftFolder.write(folder, new LoraConfig(2, 16, 0.05, List.of("q_proj"), true), adapter, "base");
    }

    @Test
    void config_damaged_isReadOrRefused() throws IOException {
        Fuzz.damage(folder.resolve("adapter_config.json"), true, MOST_ALLOCATED, () -> PeftFolder.read(folder));
    }

    @Test
    void weights_damaged_areReadOrRefused() throws IOException {
        Fuzz.damage(folder.resolve("adapter_model.safetensors"), false, MOST_ALLOCATED, () -> PeftFolder.read(folder));
    }
}
