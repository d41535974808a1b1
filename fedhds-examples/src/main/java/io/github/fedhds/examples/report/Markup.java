package io.github.fedhds.examples.report;

import java.util.Locale;

/**
 * Text of a page that is both HTML and well-formed XML, element after element. Numbers are written in the same way on
 * every machine. Not safe for many threads.
 */
final class Markup {
    private static final int LONGEST = 80;

    private final StringBuilder text = new StringBuilder();

    /** Appends markup as it is; values are formatted as numbers or have been escaped. */
    Markup add(String format, Object... values) {
        text.append(values.length == 0 ? format : String.format(Locale.ROOT, format, values));
        return this;
    }

    /** Appends an element with a text, which is escaped. */
    Markup element(String name, String words) {
        return add("<" + name + ">").text(words).add("</" + name.split(" ")[0] + ">\n");
    }

    /** Appends a text, escaped. */
    Markup text(String words) {
        text.append(escape(words));
        return this;
    }

    /**
     * A name that comes from the data: shortened, escaped, and isolated, so that a text from right to left does not turn
     * what follows.
     */
    static String name(String words) {
        return "<bdi>" + breakable(shorten(words)) + "</bdi>";
    }

    /** Escapes a name or a path, which a line can break after its separators. */
    static String breakable(String words) {
        return escape(words).replaceAll("([_/,-])(?=.)", "$1<wbr/>");
    }

    /** The same for titles in drawings, where there are no elements. */
    static String plainName(String words) {
        return "\u2068" + escape(shorten(words)) + "\u2069";
    }

    private static String shorten(String words) {
        return words.codePointCount(0, words.length()) <= LONGEST
                ? words
                : words.substring(0, words.offsetByCodePoints(0, LONGEST - 1)) + "\u2026";
    }

    /** Escapes markup, and replaces characters that a page cannot have. */
    static String escape(String words) {
        StringBuilder safe = new StringBuilder();
        words.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> {
                    boolean odd = Character.isISOControl(c) && c != '\n' && c != '\t'
                            || c >= 0xd800 && c <= 0xdfff
                            || c == 0xfffe
                            || c == 0xffff
                            || c >= 0x202a && c <= 0x202e // directions of text
                            || c >= 0x2066 && c <= 0x2069;
                    safe.appendCodePoint(odd ? 0xfffd : c);
                }
            }
        });
        return safe.toString();
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
