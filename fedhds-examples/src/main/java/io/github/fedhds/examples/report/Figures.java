package io.github.fedhds.examples.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Numbers with their units, and values of settings, as texts for readers. */
final class Figures {
    private static final int DIGITS = 4;

    private Figures() {}

    /** A number of bytes in B, kB, MB or GB, by powers of 1000. */
    static String bytes(double bytes) {
        double size = Math.abs(bytes);
        if (size < 1e3) {
            return Axis.label(bytes) + " B";
        }
        String unit = size < 1e6 ? "kB" : size < 1e9 ? "MB" : "GB";
        return Axis.label(bytes / (size < 1e6 ? 1e3 : size < 1e9 ? 1e6 : 1e9)) + " " + unit;
    }

    /** Seconds with one decimal place. */
    static String seconds(double seconds) {
        return seconds > 0 && seconds < 0.05 ? "under 0.1 s" : String.format(Locale.ROOT, "%.1f s", seconds);
    }

    /** A time in seconds, in minutes and seconds, or in hours and minutes. */
    static String duration(double seconds) {
        if (seconds < 59.95) {
            return seconds(seconds);
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }

    /** A setting's value: numbers with at most four digits after leading zeros, elements of an array separated by commas. */
    static String setting(JsonElement value) {
        if (value.isJsonArray()) {
            return StreamSupport.stream(value.getAsJsonArray().spliterator(), false)
                    .map(Figures::setting)
                    .collect(Collectors.joining(", "));
        }
        if (value.isJsonObject()) {
            return value.getAsJsonObject().entrySet().stream()
                    .map(field -> field.getKey() + " " + setting(field.getValue()))
                    .collect(Collectors.joining(", "));
        }
        if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
            return number(value.getAsString());
        }
        return value.isJsonPrimitive() ? value.getAsString() : "";
    }

    /** Whole numbers, such as seeds, keep all digits. */
    private static String number(String text) {
        BigDecimal exact = new BigDecimal(text);
        if (exact.stripTrailingZeros().scale() <= 0) {
            return exact.stripTrailingZeros().toPlainString();
        }
        BigDecimal rounded = exact.round(new MathContext(DIGITS)).stripTrailingZeros();
        return rounded.scale() <= 8 ? rounded.toPlainString() : rounded.toString();
    }

    /** The options that a run was started with, as they are typed. */
    static String options(JsonObject options) {
        return options.entrySet().stream()
                .filter(option -> !option.getValue().toString().equals("false"))
                .map(option -> "--" + option.getKey()
                        + (option.getValue().toString().equals("true")
                                ? ""
                                : " " + setting(option.getValue()).replace(", ", ",")))
                .collect(Collectors.joining(" "));
    }
}
