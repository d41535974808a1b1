package io.github.fedhds.internal.algebra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mockito.Mockito.CALLS_REAL_METHODS;
import static org.mockito.Mockito.mockStatic;

import ai.djl.Device;
import io.github.fedhds.internal.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mockito.MockedStatic;

/** The reductions run where the model does, unless the property names another device. */
class TorchAlgebraDeviceTest {
    private static final String PROPERTY = "fedhds.algebra.device";

    @AfterEach
    void clear() {
        System.clearProperty(PROPERTY);
    }

    @Test
    void device_followsTheModelUnlessNamed() {
        try (MockedStatic<TorchRuntime> runtime = mockStatic(TorchRuntime.class, CALLS_REAL_METHODS)) {
            runtime.when(TorchRuntime::modelDevice).thenReturn("cuda:1");
            assertEquals("cuda:1", TorchAlgebra.device());
            System.setProperty(PROPERTY, "model");
            assertEquals("cuda:1", TorchAlgebra.device());
            for (String named : new String[] {"auto", "cpu", "cuda:0"}) {
                System.setProperty(PROPERTY, named);
                assertEquals(named, TorchAlgebra.device());
            }
        }
    }

    @Test
    void name_resolvesToTheDevice() {
        for (Device device : new Device[] {Device.cpu(), Device.gpu(0), Device.gpu(3)}) {
            assertEquals(device, TorchRuntime.resolve(TorchRuntime.name(device), 4));
        }
    }
}
