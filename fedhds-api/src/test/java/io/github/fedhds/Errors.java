package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/** Asks for an error of a kind whose message names what it must. */
public final class Errors {
    private Errors() {}

    /** Runs, and gives the message of the error; fails if there is none of that kind, or if a part is missing in it. */
    public static String assertFails(Class<? extends Throwable> kind, Executable action, String... parts) {
        String message = String.valueOf(assertThrows(kind, action).getMessage());
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "\"" + message + "\" does not name \"" + part + "\"");
        }
        return message;
    }
}
