package io.github.fedhds.examples.cli;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;

/** How constants are written on the command line: last-layer rather than LAST_LAYER. */
final class OptionNames {
    private OptionNames() {}

    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Has a command line read the constants of a type by these names alone. */
    static <E extends Enum<E>> void register(CommandLine line, Class<E> type) {
        line.registerConverter(
                type,
                text -> Stream.of(type.getEnumConstants())
                        .filter(constant -> of(constant).equals(text))
                        .findFirst()
                        .orElseThrow(() -> new CommandLine.TypeConversionException("\"" + text + "\" is none of "
                                + Stream.of(type.getEnumConstants())
                                        .map(OptionNames::of)
                                        .collect(Collectors.joining(", ")))));
    }
}
