package io.github.fedhds.transformer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.OpenFiles;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.model.RotaryScaling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of a folder with a tiny model that is changed somewhere. */
public abstract class OnModelFolder {
    public static final Class<FedHdsException> FAULT = FedHdsException.class;
    public static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    public static final RotaryScaling PLAIN = new RotaryScaling.None();

    @TempDir
    public Path folder;

    /** A load that failed holds no file open. */
    @AfterEach
    public void noFileIsLeftOpen() throws IOException {
        OpenFiles.assertNoneUnder(folder);
    }

    public void load() {
        TinyModel.load(folder).close();
    }

    @SafeVarargs
    public final void changeConfig(Consumer<JsonObject>... changes) throws IOException {
        TinyModel.write(folder);
        JsonObject config = TinyModel.config();
        Arrays.stream(changes).forEach(change -> change.accept(config));
        Gson withNulls = new GsonBuilder().serializeNulls().create();
        Files.writeString(folder.resolve("config.json"), withNulls.toJson(config));
    }

    public void changeWeights(Consumer<Map<String, Tensor>> change) {
        Map<String, Tensor> weights = TinyModel.weights(TinyModel.config(), 1);
        change.accept(weights);
        TinyModel.write(folder, TinyModel.config(), weights);
    }
}
