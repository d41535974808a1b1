package io.github.fedhds.setup;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.model.Precision;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The settings that must be equal on server and clients. A setting with an unknown value is left out, so that the other
 * side reports it as not set here. The application's own roles, such as lambdas, cannot be compared; the application may
 * add settings for them.
 */
record AgreedSettings(
        @Nullable LanguageModel model,
        @Nullable LanguageModel featureModel,
        @Nullable String modelDigest,
        @Nullable String tokenizerDigest,
        Precision precision,
        Pooling pooling,
        LayerScaling layerScaling,
        boolean frozenFeatures,
        OptionalInt featureLayers,
        int coordinates,
        Fusion fusion,
        CoresetSelector selector,
        @Nullable CentroidNoise centroidNoise,
        @Nullable UpdateNoise updateNoise,
        boolean repeatableNoise,
        @Nullable SecureAggregation secureAggregation,
        Map<String, String> training) {
    private static final String VERSION = version();

    /** @param coordinates number of coordinates of a point that clients report */
    static AgreedSettings of(FedHdsBuilder builder, int coordinates) {
        return new AgreedSettings(
                builder.model,
                builder.featureModel == builder.model ? null : builder.featureModel,
                builder.modelDigest,
                builder.tokenizerDigest,
                builder.precision,
                builder.pooling,
                builder.layerScaling,
                builder.frozenFeatures,
                builder.firstFeatureLayers(),
                coordinates,
                builder.fusion,
                builder.selection.client(),
                builder.centroidNoise,
                builder.updateNoise,
                builder.repeatableNoise,
                builder.secureAggregation,
                training(builder));
    }

    /**
     * With the longest sample that has an effect: two values above the context lengths of both models cut nothing, so
     * they are equal.
     */
    private static Map<String, String> training(FedHdsBuilder builder) {
        Map<String, String> training = new TreeMap<>(builder.trainer.settings());
        LanguageModel features = builder.featureModel;
        if (features != null && features != builder.model && !builder.trainer.hasTemplate()) {
            String name = "prompt template";
            training.put(
                    "feature model " + name,
                    String.valueOf(LoraTrainer.builder(features).settings().get(name)));
        }
        int context = Math.max(
                builder.config.contextLength(),
                features == null ? 0 : features.config().contextLength());
        training.put("longest sample", String.valueOf(Math.min(builder.trainer.maxTokens(), context)));
        return training;
    }

    Map<String, String> toMap() {
        Map<String, String> settings = new TreeMap<>(training);
        settings.put("library version", VERSION);
        put(settings, "model digest", model == null ? modelDigest : model.digest());
        put(settings, "tokenizer digest", model == null ? tokenizerDigest : model.tokenizerDigest());
        put(settings, "feature model digest", featureModel == null ? null : featureModel.digest());
        put(settings, "feature model tokenizer digest", featureModel == null ? null : featureModel.tokenizerDigest());
        settings.put("precision", precision.toString());
        settings.put("pooling", pooling.toString());
        settings.put("layer scaling", layerScaling.toString());
        settings.put("features", features());
        settings.put("coordinates of a point", String.valueOf(coordinates));
        settings.put("fusion", RoleText.of(fusion));
        settings.put("selection of clients", RoleText.of(selector));
        put(settings, "noise on centroids", centroidNoise == null ? null : centroidNoise.toString());
        put(settings, "repeatable noise", repeatableNoise ? "allowed" : null);
        put(settings, "noise on updates", updateNoise == null ? null : updateNoise.toString());
        put(settings, "secure aggregation", secureAggregation == null ? null : RoleText.of(secureAggregation));
        return Map.copyOf(settings);
    }

    private String features() {
        String model = featureModel != null ? "feature" : frozenFeatures ? "base" : "tuned";
        String layers = featureLayers.isPresent() ? ", layers 1 to " + featureLayers.getAsInt() : "";
        return "of the " + model + " model" + layers;
    }

    private static void put(Map<String, String> settings, String name, @Nullable String value) {
        if (value != null) {
            settings.put(name, value);
        }
    }

    private static String version() {
        try (InputStream in = AgreedSettings.class.getResourceAsStream("/io/github/fedhds/version.txt")) {
            if (in == null) {
                throw new FedHdsException("io/github/fedhds/version.txt is missing in the jar of fedhds-impl;"
                        + " a fat jar must keep the resources of its parts");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new FedHdsException("the version of the library cannot be read: " + e, e);
        }
    }
}
