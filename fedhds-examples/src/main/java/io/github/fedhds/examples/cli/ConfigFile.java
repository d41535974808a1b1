package io.github.fedhds.examples.cli;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The option {@code --config}: a file with one JSON object of a command's options, without the two dashes. A flag is true or
 * false, several values are an array. Options on the command line replace those of the file.
 */
final class ConfigFile {
    private static final String OPTION = "--config";

    /** In the {@code config.json} of a run: what it was started with. */
    static final String OPTIONS = "options";

    /** What came of the options in that run, which {@code --config} does not read. */
    static final String RUN = "run";

    @Option(
            names = OPTION,
            paramLabel = "FILE",
            description =
                    "JSON object of options without their dashes, such as {\"rounds\": 5, \"packed\": true}; options on the"
                            + " command line replace them")
    Optional<Path> config = Optional.empty();

    /**
     * The options of the file that the arguments name, as arguments, without those that the arguments have too.
     *
     * @param arguments a command's arguments
     * @return none if no file is named
     * @throws ParameterException if the file cannot be read or is not such an object, or an option is not one of the command
     */
    static List<String> options(CommandLine command, List<String> arguments) {
        Optional<String> file = named(arguments);
        if (file.isEmpty()) {
            return List.of();
        }
        List<String> options = new ArrayList<>();
        read(command, Path.of(file.get())).forEach((name, value) -> {
            String option = "--" + name;
            OptionSpec known = command.getCommandSpec().optionsMap().get(option);
            if (known == null || option.equals(OPTION)) {
                throw new ParameterException(
                        command,
                        OPTION + " " + file.get() + ": " + command.getCommandName() + " has no option \"" + name + "\""
                                + (name.startsWith("--")
                                        ? "; write options without the two dashes"
                                        : UsageErrors.nearest(name, others(command))));
            }
            boolean flag = known.arity().max() == 0;
            if (flag != (value.equals("true") || value.equals("false")) && flag) {
                throw new ParameterException(
                        command, OPTION + " " + file.get() + ": \"" + name + "\" must be true or false, was " + value);
            }
            boolean given = arguments.stream().anyMatch(text -> text.equals(option) || text.startsWith(option + "="));
            if (!given && !(flag && value.equals("false"))) {
                options.add(flag ? option : option + "=" + value);
            }
        });
        return options;
    }

    /** Says in an error that options may come from a file. */
    static String origin(String... arguments) {
        return named(List.of(arguments))
                .map(file -> " (with the options of " + file + ")")
                .orElse("");
    }

    private static Optional<String> named(List<String> arguments) {
        for (int i = 0; i < arguments.size(); i++) {
            if (arguments.get(i).startsWith(OPTION + "=")) {
                return Optional.of(arguments.get(i).substring(OPTION.length() + 1));
            }
            if (arguments.get(i).equals(OPTION) && i + 1 < arguments.size()) {
                return Optional.of(arguments.get(i + 1));
            }
        }
        return Optional.empty();
    }

    private static Map<String, String> read(CommandLine command, Path file) {
        Map<String, String> options = new LinkedHashMap<>();
        try (Reader text = Files.newBufferedReader(file);
                JsonReader json = new JsonReader(text)) {
            json.setStrictness(Strictness.STRICT);
            json.beginObject();
            while (json.hasNext()) {
                String name = json.nextName();
                if (options.isEmpty() && name.equals(OPTIONS) && json.peek() == JsonToken.BEGIN_OBJECT) {
                    return ofRun(json);
                }
                if (options.put(name, value(json, name)) != null) {
                    throw new IllegalStateException("\"" + name + "\" is there twice");
                }
            }
            json.endObject();
            if (json.peek() != JsonToken.END_DOCUMENT) { // which throws too
                throw new IllegalStateException("more text follows the object");
            }
        } catch (IOException | IllegalStateException e) { // of the parser: not JSON, or another kind of value
            throw new ParameterException(
                    command,
                    OPTION + " " + file + " cannot be used: "
                            + cause(e)
                            + "; it must hold one JSON object of options, such as {\"rounds\": 5}",
                    e);
        }
        return options;
    }

    private static String cause(Exception e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (e instanceof EOFException) {
            return "it is empty or ends too early";
        }
        String first = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        return first.replaceFirst("^Use JsonReader.* malformed JSON", "it is not JSON");
    }

    /** The options in the {@code config.json} of a run, which is what the run was started with. */
    private static Map<String, String> ofRun(JsonReader json) throws IOException {
        Map<String, String> options = new LinkedHashMap<>();
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            options.put(name, value(json, name));
        }
        json.endObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (!name.equals(RUN)) {
                throw new IllegalStateException("\"" + name + "\" does not stand in \"" + OPTIONS + "\"");
            }
            json.skipValue();
        }
        return options;
    }

    private static List<String> others(CommandLine command) {
        return UsageErrors.names(command).stream()
                .filter(name -> !name.equals(OPTION))
                .toList();
    }

    /** The options that a command was started with, for a file that {@code --config} reads; without those of {@code left}. */
    static Map<String, Object> given(ParseResult parsed, Set<String> left) {
        Map<String, Object> given = new TreeMap<>();
        for (OptionSpec option : parsed.matchedOptions()) {
            String name = option.longestName().replaceFirst("^--", "");
            if (!left.contains(name) && !option.longestName().equals(OPTION)) {
                given.put(name, option.arity().max() == 0 ? Boolean.TRUE : text(option));
            }
        }
        return given;
    }

    /** Files with their whole path, so that the options may be used in another folder. */
    private static String text(OptionSpec option) {
        String text = String.join(",", option.originalStringValues());
        boolean path = option.typeInfo().getActualGenericTypeArguments().contains(Path.class.getName());
        return path ? Path.of(text).toAbsolutePath().toString() : text;
    }

    private static String value(JsonReader json, String name) throws IOException {
        switch (json.peek()) {
            case STRING, NUMBER -> {
                return json.nextString();
            }
            case BOOLEAN -> {
                return String.valueOf(json.nextBoolean());
            }
            case BEGIN_ARRAY -> {
                List<String> values = new ArrayList<>();
                json.beginArray();
                while (json.hasNext()) {
                    values.add(json.nextString());
                }
                json.endArray();
                return String.join(",", values);
            }
            default ->
                throw new IllegalStateException(
                        "\"" + name + "\" must be a text, a number, true, false or an array of them");
        }
    }
}
