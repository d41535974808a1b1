package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.message.Receipt;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BinaryOperator;
import org.junit.jupiter.api.Test;

/** Two listeners as one. */
class ListenerCompositionTest {
    private final List<String> told = new ArrayList<>();

    /** Writes down the name of each call and its arguments. */
    private <L> L named(Class<L> kind, String name) {
        return kind.cast(Proxy.newProxyInstance(kind.getClassLoader(), new Class<?>[] {kind}, (proxy, method, args) -> {
            told.add(name + " " + method.getName() + Arrays.toString(method.getParameterTypes()));
            return null;
        }));
    }

    /** A new event that is forgotten in the composition fails here. */
    private <L> void assertTellsBoth(Class<L> kind, BinaryOperator<L> compose) throws ReflectiveOperationException {
        L both = compose.apply(named(kind, "first"), named(kind, "second"));
        int events = 0;
        for (Method event : kind.getMethods()) {
            if (event.getReturnType() != void.class) {
                continue; // andThen
            }
            told.clear();
            Object[] arguments = Arrays.stream(event.getParameterTypes())
                    .map(type -> type == int.class ? (Object) 1 : null)
                    .toArray();
            event.setAccessible(true); // the record is package-private
            event.invoke(both, arguments);
            String call = event.getName() + Arrays.toString(event.getParameterTypes());
            assertEquals(List.of("first " + call, "second " + call), told);
            events++;
        }
        assertTrue(events >= 4, kind.getName());
    }

    @Test
    void andThen_everyEvent_isToldToBothInOrder() throws ReflectiveOperationException {
        assertTellsBoth(ServerListener.class, BothServerListeners::new);
        assertTellsBoth(ClientListener.class, BothClientListeners::new);
        assertEquals(
                BothServerListeners.class,
                new ServerListener() {}.andThen(new ServerListener() {}).getClass());
        assertEquals(
                BothClientListeners.class,
                new ClientListener() {}.andThen(new ClientListener() {}).getClass());
    }

    private ClientListener failing(String reason) {
        return new ClientListener() {
            @Override
            public void received(Receipt receipt) {
                told.add(reason);
                throw new IllegalStateException(reason);
            }
        };
    }

    @Test
    void andThen_aListenerThatThrows_doesNotKeepTheEventFromTheOther() {
        Receipt receipt = Receipt.unreadable(Optional.empty(), "none");
        ClientListener both = failing("first").andThen(failing("second"));
        assertFails(IllegalStateException.class, () -> both.received(receipt), "first");
        assertEquals(List.of("first", "second"), told);
        ClientListener late = new ClientListener() {}.andThen(failing("alone"));
        assertFails(IllegalStateException.class, () -> late.received(receipt), "alone");
    }
}
