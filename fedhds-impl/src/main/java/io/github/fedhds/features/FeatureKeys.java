package io.github.fedhds.features;

import com.google.common.hash.Hashing;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.tokenizer.PartedSample;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Computes cache keys of feature rows: SHA-256 over everything they depend on. */
final class FeatureKeys {
    /** Increase it if the same model and ids give other features than before; old rows are then not found. */
    private static final int VERSION = 1;

    /**
     * All settings except the ids, one per line. No value has a line end, so different settings give different texts.
     */
    private final String setting;

    private FeatureKeys(String setting) {
        this.setting = setting;
    }

    static FeatureKeys of(LanguageModel model, AdapterForm form, Adapter adapter, Pooling pooling, int[] states) {
        return new FeatureKeys(String.join(
                "\n",
                List.of(
                        "features " + VERSION,
                        "torch " + TorchRuntime.version(),
                        "device " + (model.device().startsWith("gpu") ? "gpu" : "cpu"),
                        "threads " + model.threads(),
                        "model " + model.digest(),
                        "adapter " + (form.isEmpty() ? "none" : form + " " + adapter.digest()),
                        "pooling " + pooling,
                        "states " + Arrays.toString(states),
                        "precision " + model.precision(),
                        "ids ")));
    }

    /** The key of a row. */
    String of(PartedSample sample) {
        String spans = Arrays.deepToString(sample.spans());
        return Hashing.sha256()
                .hashString(setting + Arrays.toString(sample.ids()) + spans, StandardCharsets.UTF_8)
                .toString();
    }
}
