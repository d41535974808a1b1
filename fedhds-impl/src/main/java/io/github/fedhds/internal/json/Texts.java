package io.github.fedhds.internal.json;

/** Rules for untrusted texts that several formats share. */
public final class Texts {
    private Texts() {}

    /** Index of the first unpaired surrogate, which UTF-8 cannot encode; -1 if there is none. */
    public static int loneSurrogate(String text) {
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            if (Character.getType(text.codePointAt(i)) == Character.SURROGATE) {
                return i;
            }
        }
        return -1;
    }

    /**
     * A whole number in its canonical form.
     *
     * @param field its name, for messages
     * @throws IllegalArgumentException if the text is not a number in the range, or has a plus sign or leading zeros
     */
    public static long wholeNumber(String field, String text, long least, long most) {
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most && Long.toString(value).equals(text)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new IllegalArgumentException(field + " must be a whole number from " + least + " to " + most + ", was \""
                + JsonFile.shorten(text) + "\"");
    }
}
