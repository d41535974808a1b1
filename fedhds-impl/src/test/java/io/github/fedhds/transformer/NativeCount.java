package io.github.fedhds.transformer;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDManager;
import java.lang.reflect.Field;
import java.util.Map;

/** Counts what native memory hangs on a manager of DJL, which has no public way to ask. */
final class NativeCount {
    private NativeCount() {}

    /** Arrays, modules and managers that hang on a manager, and on those below it. */
    static int of(NDManager manager) {
        int count = 0;
        for (String field : new String[] {"resources", "tempResources"}) {
            for (Object resource : map(manager, field).values()) {
                count += 1 + (resource instanceof NDManager below ? of(below) : 0);
            }
        }
        return count;
    }

    private static Map<?, ?> map(NDManager manager, String name) {
        try {
            Field field = BaseNDManager.class.getDeclaredField(name);
            field.setAccessible(true);
            return (Map<?, ?>) field.get(manager);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("DJL's managers are built in another way now; find another count", e);
        }
    }
}
