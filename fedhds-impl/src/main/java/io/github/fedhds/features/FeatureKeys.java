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

/** Names rows of features by SHA-256 of all that they are made of. */
final class FeatureKeys {
    /** To be raised when the same model and ids come to give other features: what was kept before is then not found. */
    private static final int VERSION = 1;

    /** All but the ids, a line each. No value holds a line's end, so no two settings give one text. */
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
