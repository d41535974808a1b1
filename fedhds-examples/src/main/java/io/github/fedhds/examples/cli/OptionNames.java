package io.github.fedhds.examples.cli;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;

/** Names of constants on the command line: last-layer instead of LAST_LAYER. */
final class OptionNames {
    private OptionNames() {}

    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Makes a command line accept only these names for the constants of a type. */
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
