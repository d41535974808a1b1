package io.github.fedhds;

import org.jspecify.annotations.Nullable;

/** Checks the answers of the application's roles: they may be compiled without null checks. */
final class RoleAnswer {
    private RoleAnswer() {}

    /**
     * Returns the answer.
     *
     * @param role who answered, such as "client sampler"
     * @param expected what it must give, such as "a list of clients"
     * @throws IllegalStateException if the answer is null; names both
     */
    static <T> T require(@Nullable T answer, String role, String expected) {
        if (answer == null) {
            throw new IllegalStateException("the " + role + " returned null; it must return " + expected);
        }
        return answer;
    }

    /** The kind of a role, and its own name if its class has one: the name of a lambda would be an address. */
    static String describe(String kind, Object role) {
        String name = role.toString();
        return name.startsWith(role.getClass().getName() + "@") ? kind : kind + " " + name;
    }
}
