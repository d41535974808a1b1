package io.github.fedhds.internal;

/** Names of the application's roles in messages. */
public final class RoleName {
    private RoleName() {}

    /** The role's own text if its class has one; the text of a lambda would be an address, so it is described instead. */
    public static String of(Object role, String description) {
        String name = role.toString();
        return name.startsWith(role.getClass().getName() + "@") ? description : name;
    }
}
