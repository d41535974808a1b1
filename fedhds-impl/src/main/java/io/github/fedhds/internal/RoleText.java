package io.github.fedhds.internal;

/** Roles as text, equal in all processes, so that processes and saved runs can be compared. */
public final class RoleText {
    /** What is said of a lambda or class of the application, whose settings are not known. */
    public static final String OWN = "the application's own";

    private RoleText() {}

    /**
     * A role of this library by its class and its settings, and any other as {@link #OWN}: the text of a lambda has an
     * address, which differs in each process.
     */
    public static String of(Object role) {
        Class<?> type = role.getClass();
        boolean named = !type.isSynthetic() && !type.isHidden() && !type.isAnonymousClass();
        if (!named || !type.getName().startsWith("io.github.fedhds.")) {
            return OWN;
        }
        String text = role.toString();
        return text.startsWith(type.getName() + "@") ? type.getSimpleName() : text;
    }
}
