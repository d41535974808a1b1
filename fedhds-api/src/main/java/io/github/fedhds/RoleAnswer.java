package io.github.fedhds;

import org.jspecify.annotations.Nullable;

/** What the application's roles answer: they are not compiled with null checks, so null must be found here and named. */
final class RoleAnswer {
    private RoleAnswer() {}

    /**
     * The answer itself.
     *
     * @param role who answered, such as "client sampler"
     * @param expected what it owes, such as "a list of clients"
     * @throws IllegalStateException if the answer is null; names both
     */
    static <T> T require(@Nullable T answer, String role, String expected) {
        if (answer == null) {
            throw new IllegalStateException("the " + role + " gave null; it must give " + expected);
        }
        return answer;
    }
}
