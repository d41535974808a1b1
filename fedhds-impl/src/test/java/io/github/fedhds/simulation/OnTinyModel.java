package io.github.fedhds.simulation;

import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Tests of federations on one tiny model, which each class loads once. */
abstract class OnTinyModel {
    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path folder;

    @SuppressWarnings("NullAway.Init") // set before all tests
    static LanguageModel model;

    @BeforeAll
    static void load() {
        model = TinyFederation.model(folder.resolve("model"), 1, 16, 2, 128);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    static FedHds fedHds() {
        return FedHds.on(model).epochs(1).template(TinyFederation.SHORT).build();
    }
}
