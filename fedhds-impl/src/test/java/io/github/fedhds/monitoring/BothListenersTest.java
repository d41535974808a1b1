package io.github.fedhds.monitoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two listeners of a federation as one. */
class BothListenersTest {
    private final List<String> told = new ArrayList<>();

    private RoundListener named(String name) {
        return (RoundListener) Proxy.newProxyInstance(
                RoundListener.class.getClassLoader(), new Class<?>[] {RoundListener.class}, (proxy, method, args) -> {
                    if (method.getReturnType() != void.class) {
                        return InvocationHandler.invokeDefault(proxy, method, args); // andThen
                    }
                    told.add(name + " " + signature(method));
                    return null;
                });
    }

    private static String signature(Method event) {
        return event.getName() + Arrays.toString(event.getParameterTypes());
    }

    /** A new event, of the federation or of its server, that is forgotten in the composition fails here. */
    @Test
    void andThen_everyEvent_isToldToBothInOrder() throws ReflectiveOperationException {
        RoundListener both = new BothListeners(named("first"), named("second"));
        assertEquals(
                BothListeners.class,
                new RoundListener() {}.andThen(new RoundListener() {}).getClass());
        int events = 0;
        for (Method event : RoundListener.class.getMethods()) {
            if (event.getReturnType() != void.class) {
                continue; // andThen
            }
            told.clear();
            Object[] arguments = Arrays.stream(event.getParameterTypes())
                    .map(type -> type == int.class ? (Object) 1 : null)
                    .toArray();
            event.invoke(both, arguments);
            assertEquals(List.of("first " + signature(event), "second " + signature(event)), told);
            events++;
        }
        assertTrue(events >= 14, events + " events");
    }
}
