package io.github.fedhds.examples.cli;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Settings that the result of a run depends on, by option name: a resume with other values is refused, and the message
 * names the option. Folders may be moved, so files are compared by content. Names of digests come after those of
 * options in the order of comparison, because another seed also changes the digest of the clients' instructions.
 */
final class Fingerprint {
    private final Map<String, String> settings = new LinkedHashMap<>();

    /** Adds an option's value, as written on the command line. */
    Fingerprint with(String option, Object value) {
        settings.put(option, text(value));
        return this;
    }

    /** 3e-4 instead of 3.0E-4, last-layer instead of LAST_LAYER. */
    private static String text(Object value) {
        if (value instanceof Double number) {
            return number.toString().toLowerCase(Locale.ROOT).replace(".0e", "e");
        }
        if (value instanceof Enum<?> constant) {
            return OptionNames.of(constant);
        }
        if (value instanceof Collection<?> list) {
            return String.join(",", list.stream().map(String::valueOf).toList());
        }
        return String.valueOf(value);
    }

    /** Adds the instructions of the data. */
    Fingerprint withData(String option, Map<?, List<Instruction>> clients, List<Instruction> unseen) {
        Hasher hasher = Hashing.sha256().newHasher();
        clients.forEach((client, list) -> put(hasher, client.toString(), list));
        put(hasher, "unseen", unseen);
        return with("SHA-256 of the instructions of " + option, hasher.hash());
    }

    private static void put(Hasher hasher, String owner, List<Instruction> list) {
        hasher.putInt(list.size());
        list.forEach(one -> {
            for (String text : List.of(owner, one.instruction(), one.input(), one.output(), one.task())) {
                hasher.putInt(text.length()).putUnencodedChars(text);
            }
            one.history()
                    .forEach(turn -> hasher.putInt(turn.role().ordinal())
                            .putInt(turn.text().length())
                            .putUnencodedChars(turn.text()));
        });
    }

    /** Adds the weights and the tokenizer of a model; a GGUF file has its tokenizer inside, or is given one. */
    Fingerprint withModel(String option, LanguageModel model, Path folder) {
        with("SHA-256 of the weights of " + option, model.digest());
        if (!Files.isDirectory(folder)) {
            return with("SHA-256 of the tokenizer of " + option, model.tokenizerDigest());
        }
        Hasher hasher = Hashing.sha256().newHasher();
        for (String name : List.of(
                "tokenizer.json",
                "tokenizer_config.json",
                "chat_template.jinja",
                "special_tokens_map.json",
                "generation_config.json")) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                try {
                    byte[] bytes = Files.readAllBytes(file);
                    hasher.putUnencodedChars(name).putInt(bytes.length).putBytes(bytes);
                } catch (IOException e) {
                    throw new FedHdsException(file + " cannot be read: " + e.getMessage(), e);
                }
            }
        }
        return with("SHA-256 of the tokenizer files of " + option, hasher.hash());
    }

    /** SHA-256 of settings, in any order, in hexadecimal. */
    static String digest(Map<String, String> settings) {
        return Hashing.sha256()
                .hashUnencodedChars(new TreeMap<>(settings).toString())
                .toString();
    }

    /** The settings by name. */
    Map<String, String> settings() {
        return Map.copyOf(settings);
    }
}
