package io.github.fedhds.reduction;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.feature.FeatureMatrix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Named arrays of a safetensors file of golden values, and the JSON beside it. */
public final class GoldenArrays {
    private final JsonObject header;
    private final ByteBuffer data;

    /** An array as double, row by row. */
    public record Array(int[] shape, double[] values) {
        public FeatureMatrix features() {
            float[] floats = new float[values.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) values[i];
            }
            return new FeatureMatrix(shape[0], 1, shape[1], floats);
        }
    }

    private GoldenArrays(JsonObject header, ByteBuffer data) {
        this.header = header;
        this.data = data;
    }

    /** A file or folder of golden values; the test is skipped where there is none. */
    public static Path path(String name) {
        Path path = Path.of(System.getProperty("fedhds.golden", "../../shared/golden"), name);
        Assumptions.assumeTrue(Files.exists(path), "no golden values: " + path.toAbsolutePath() + " is absent");
        return path;
    }

    public static JsonObject json(String name) throws IOException {
        return JsonParser.parseString(Files.readString(path(name))).getAsJsonObject();
    }

    public static GoldenArrays read(String name) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path(name))).order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[Math.toIntExact(file.getLong())];
        file.get(header);
        return new GoldenArrays(
                JsonParser.parseString(new String(header, StandardCharsets.UTF_8))
                        .getAsJsonObject(),
                file.slice().order(ByteOrder.LITTLE_ENDIAN));
    }

    public boolean has(String name) {
        return header.has(name);
    }

    public Array get(String name) {
        JsonObject entry = header.getAsJsonObject(name);
        int[] shape = entry.getAsJsonArray("shape").asList().stream()
                .mapToInt(e -> e.getAsInt())
                .toArray();
        int from = entry.getAsJsonArray("data_offsets").get(0).getAsInt();
        int to = entry.getAsJsonArray("data_offsets").get(1).getAsInt();
        String type = entry.get("dtype").getAsString();
        int width = type.equals("F64") ? 8 : 4;
        if (!type.equals("F64") && !type.equals("F32")) {
            throw new IllegalArgumentException(name + " has type " + type + "; F32 and F64 are read here");
        }
        double[] values = new double[(to - from) / width];
        for (int i = 0; i < values.length; i++) {
            values[i] = width == 8 ? data.getDouble(from + i * 8) : data.getFloat(from + i * 4);
        }
        return new Array(shape, values);
    }
}
