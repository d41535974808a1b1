package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.model.ModelOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders that bitsandbytes has quantized give the numbers of the folder with their unpacked matrices. */
class Nf4ModelTest {
    private static final String MATRIX = "model.layers.1.mlp.up_proj.weight";
    private static final String STATE = ".quant_state.bitsandbytes__nf4";
    private static final List<int[]> ROWS = List.of(new int[] {1, 5, 9, 40, 7}, new int[] {1, 3});

    private final Map<String, Tensor> plain = new TreeMap<>();
    private final Map<String, PendingTensor> quantized = new TreeMap<>();

    @TempDir
    private Path folder;

    private static JsonObject config() {
        JsonObject config = TinyModel.config();
        config.addProperty("hidden_size", 64);
        config.addProperty("intermediate_size", 128);
        return config;
    }

    private static JsonObject quantizedConfig() {
        JsonObject config = config();
        JsonObject quantization = new JsonObject();
        quantization.addProperty("quant_method", "bitsandbytes");
        quantization.addProperty("load_in_4bit", true);
        quantization.addProperty("bnb_4bit_quant_type", "nf4");
        config.add("quantization_config", quantization);
        return config;
    }

    /** Replaces the matrices of the layers by random codes; {@code nested} as with {@code bnb_4bit_use_double_quant}. */
    private void quantize(boolean nested) {
        quantize(config(), nested);
    }

    private void quantize(JsonObject config, boolean nested) {
        SplittableRandom random = new SplittableRandom(4);
        TinyModel.weights(config, 1).forEach((name, tensor) -> {
            if (name.endsWith("_proj.weight")) {
                quantize(name, tensor.shape(), nested, random);
            } else {
                plain.put(name, tensor);
                quantized.put(name, PendingTensor.of(name, tensor, Dtype.F32));
            }
        });
    }

    private void quantize(String name, int[] shape, boolean nested, SplittableRandom random) {
        int size = shape[0] * shape[1];
        int blocks = size / 64;
        byte[] codes = new byte[size / 2];
        random.nextBytes(codes);
        float[] absmax = new float[blocks];
        JsonObject state = new JsonObject();
        state.addProperty("quant_type", "nf4");
        state.addProperty("blocksize", 64);
        state.addProperty("dtype", "bfloat16");
        JsonArray lengths = new JsonArray();
        Arrays.stream(shape).forEach(lengths::add);
        state.add("shape", lengths);
        if (nested) {
            state.addProperty("nested_blocksize", 256);
            state.addProperty("nested_offset", 0.25);
            byte[] indices = new byte[blocks];
            random.nextBytes(indices);
            float[] table = floats(256, random);
            float[] scales = floats((blocks + 255) / 256, random);
            for (int i = 0; i < blocks; i++) {
                absmax[i] = table[indices[i] & 255] * scales[i / 256] + 0.25f;
            }
            quantized.put(name + ".absmax", PendingTensor.of(indices));
            put(name + ".nested_quant_map", table);
            put(name + ".nested_absmax", scales);
        } else {
            absmax = floats(blocks, random);
            put(name + ".absmax", absmax);
        }
        put(name + ".quant_map", PackedForm.NF4_CODE);
        quantized.put(name, PendingTensor.of(codes));
        quantized.put(name + STATE, PendingTensor.of(state.toString().getBytes(StandardCharsets.UTF_8)));
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            int code = i % 2 == 0 ? codes[i / 2] >> 4 & 15 : codes[i / 2] & 15;
            values[i] = PackedForm.NF4_CODE[code] * absmax[i / 64];
        }
        plain.put(name, new Tensor(shape, values));
    }

    private static float[] floats(int count, SplittableRandom random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(0.1, 0.4);
        }
        return values;
    }

    private void put(String name, float[] values) {
        quantized.put(name, PendingTensor.of(name, new Tensor(new int[] {values.length}, values), Dtype.F32));
    }

    private Path write() {
        TinyModel.write(folder, quantizedConfig(), Map.of());
        new SafetensorsWriter(quantized, Map.of()).writeTo(folder.resolve("model.safetensors"));
        return folder;
    }

    private static LanguageModel load(Path folder, boolean packed) {
        return LanguageModel.load(
                folder, ModelOptions.defaults().onDevice("cpu").withPacked(packed));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void load_givesTheNumbersOfTheUnpackedMatrices(boolean nested, @TempDir Path other) {
        quantize(nested);
        TinyModel.write(other, config(), plain);
        try (LanguageModel expected = load(other, false);
                LanguageModel unpacked = load(write(), false);
                LanguageModel packed = load(folder, true)) {
            assertEquals(expected.digest(), unpacked.digest());
            assertEquals(expected.digest(), packed.digest());
            double[] losses = expected.base().losses(ROWS, new int[] {1, 1}, 64);
            assertArrayEquals(losses, unpacked.base().losses(ROWS, new int[] {1, 1}, 64));
            assertArrayEquals(losses, packed.base().losses(ROWS, new int[] {1, 1}, 64));
        }
    }

    @Test
    void load_blocksThatSpanTwoRows_areUnpacked(@TempDir Path other) throws IOException {
        JsonObject config = config();
        config.addProperty("intermediate_size", 96);
        quantize(config, true);
        TinyModel.write(other, config, plain);
        write();
        JsonObject quantized = quantizedConfig();
        quantized.addProperty("intermediate_size", 96);
        Files.writeString(folder.resolve("config.json"), quantized.toString());
        try (LanguageModel expected = load(other, false);
                LanguageModel packed = load(folder, true)) {
            assertEquals(expected.digest(), packed.digest());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                ".absmax; the file has no tensor",
                ".quant_map; the file has no tensor",
                ".nested_absmax; the file has no tensor",
                ".nested_quant_map; the file has no tensor",
                "; the file has no tensor"
            })
    void load_missingPart_isNamed(@Nullable String part, String fault) {
        quantize(true);
        quantized.remove(MATRIX + (part == null ? "" : part));
        write();
        assertFails(FedHdsException.class, () -> load(folder, true), MATRIX, fault);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "\"nf4\"; \"fp4\"; quant_type",
                "\"blocksize\":64; \"blocksize\":128; blocksize",
                "[128,64]; [128,65]; codes",
                "[128,64]; [128]; shape",
                "[128,64]; [-1,64]; shape",
                "[128,64]; [2000000,2000000]; shape",
                "\"nested_blocksize\":256; \"nested_blocksize\":0; nested_blocksize",
                "0.25; \"a\"; nested_offset",
                "{; ; JSON"
            })
    void load_wrongState_isNamed(String from, @Nullable String to, String fault) {
        quantize(true);
        String state = "{\"quant_type\":\"nf4\",\"blocksize\":64,\"shape\":[128,64],\"nested_blocksize\":256,"
                + "\"nested_offset\":0.25}";
        quantized.put(
                MATRIX + STATE,
                PendingTensor.of(state.replace(from, to == null ? "" : to).getBytes(StandardCharsets.UTF_8)));
        write();
        assertFails(FedHdsException.class, () -> load(folder, true), MATRIX, fault);
    }

    @Test
    void load_otherCodes_areRefused() {
        quantize(true);
        put(MATRIX + ".quant_map", new float[16]);
        write();
        assertFails(FedHdsException.class, () -> load(folder, true), MATRIX, "quant_map", "NF4");
    }
}
