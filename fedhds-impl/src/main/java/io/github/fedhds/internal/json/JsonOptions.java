package io.github.fedhds.internal.json;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Options of an untrusted JSON object, checked when read: an IllegalArgumentException names option, value and rule. An
 * option that is null counts as absent.
 *
 * @param prefix prefix of an option's name in messages; empty for top-level options
 */
public record JsonOptions(String prefix, JsonObject json) {
    /** The value of an option; empty if it is absent or null, which both select the default. */
    public Optional<JsonElement> given(String key) {
        return Optional.ofNullable(json.get(key)).filter(value -> !value.isJsonNull());
    }

    /** True if an option is present, even if null. */
    public boolean has(String key) {
        return json.has(key);
    }

    private JsonElement required(String key) {
        return given(key).orElseThrow(() -> new IllegalArgumentException(prefix + key + " is missing"));
    }

    private IllegalArgumentException wrong(String key, String rule, JsonElement was) {
        return new IllegalArgumentException(prefix + key + " must be " + rule + ", was " + JsonFile.shorten(was));
    }

    /** A text that must be one of the supported ones. */
    public String oneOf(String key, List<String> supported) {
        JsonElement value = given(key)
                .orElseThrow(() -> new IllegalArgumentException(
                        prefix + key + " is missing; supported: " + String.join(", ", supported)));
        return supported.stream()
                .filter(text -> value.equals(new JsonPrimitive(text)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(prefix + key + " is " + JsonFile.shorten(value)
                        + "; supported: " + String.join(", ", supported)));
    }

    /** A boolean; false if absent. */
    public boolean flag(String key) {
        return flag(key, false);
    }

    public boolean flag(String key, boolean fallback) {
        JsonElement value = given(key).orElse(new JsonPrimitive(fallback));
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
            throw wrong(key, "true or false", value);
        }
        return value.getAsBoolean();
    }

    public double number(String key) {
        JsonElement value = required(key);
        if (!isNumber(value) || !Double.isFinite(value.getAsDouble())) {
            throw wrong(key, "a finite number", value);
        }
        return value.getAsDouble();
    }

    public double number(String key, double fallback) {
        return given(key).isPresent() ? number(key) : fallback;
    }

    public int whole(String key) {
        return whole(key, required(key));
    }

    public int whole(String key, int fallback) {
        return given(key).isPresent() ? whole(key) : fallback;
    }

    /** A whole number or a list of them; empty if absent. */
    public List<Integer> wholes(String key) {
        List<Integer> values = new ArrayList<>();
        given(key).ifPresent(value -> {
            if (value instanceof JsonArray array) {
                array.forEach(element -> values.add(whole(key, element)));
            } else {
                values.add(whole(key, value));
            }
        });
        return values;
    }

    private int whole(String key, JsonElement value) {
        try {
            if (isNumber(value)) {
                return value.getAsBigDecimal().intValueExact();
            }
        } catch (NumberFormatException | ArithmeticException e) {
            // reported below
        }
        throw wrong(key, "a whole number below 2^31", value);
    }

    private static boolean isNumber(JsonElement value) {
        return value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber();
    }

    /** A value that is checked by its constructor; the prefix is added to its error. */
    public <T> T checked(Supplier<T> constructor) {
        try {
            return constructor.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(prefix + e.getMessage(), e);
        }
    }

    /** The options in a nested object. */
    public Optional<JsonOptions> inner(String key) {
        return given(key).map(value -> {
            if (!value.isJsonObject()) {
                throw wrong(key, "a JSON object", value);
            }
            return new JsonOptions(prefix + key + ".", value.getAsJsonObject());
        });
    }
}
