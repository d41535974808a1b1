package io.github.fedhds.setup;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.mockStatic;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mockito.MockedStatic;

/** Which copy a call goes to, and which models are refused, without loading one. */
class ModelPoolTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final ModelOptions OPTIONS = ModelOptions.defaults();

    private static LanguageModel model(String device) {
        LanguageModel model = mock(LanguageModel.class);
        when(model.device()).thenReturn(device);
        when(model.threads()).thenReturn(1);
        when(model.precision()).thenReturn(Precision.FLOAT32);
        when(model.digest()).thenReturn("weights");
        when(model.tokenizerDigest()).thenReturn("tokenizer");
        return model;
    }

    @Test
    void call_goesToTheCopyWithTheFewestRunningCalls() {
        ModelPool pool = ModelPool.of(List.of(model("gpu(0)"), model("gpu(1)"), model("gpu(2)")));
        List<Integer> roles = List.of(0, 1, 2);
        List<Integer> used = new ArrayList<>();
        pool.call(roles, first -> {
            used.add(first);
            return pool.call(roles, second -> {
                used.add(second);
                assertThrows(
                        IllegalStateException.class,
                        () -> pool.call(roles, third -> {
                            used.add(third);
                            throw new IllegalStateException("a role's");
                        }));
                return pool.call(roles, again -> {
                    used.add(again); // the failed call has left
                    return pool.call(roles, used::add);
                });
            });
        });
        pool.call(roles, used::add);
        assertEquals(List.of(0, 1, 2, 2, 0, 0), used);
    }

    @Test
    void of_modelsThatDiffer_areRefusedByName() {
        LanguageModel gpu = model("gpu(0)");
        assertFails(VALUE, () -> ModelPool.of(List.of()), "at least one model");
        assertFails(NullPointerException.class, () -> ModelPool.of(Arrays.asList(gpu, null)), "one of the models");
        assertFails(VALUE, () -> ModelPool.of(List.of(gpu, model("gpu(1)"), gpu)), "models 1 and 3", "the same object");
        assertFails(
                VALUE,
                () -> ModelPool.of(List.of(gpu, model("gpu(1)"), model("cpu()"))),
                "kind of device, but model 1 on gpu(0) has GPU and model 3 on cpu() has CPU");
        LanguageModel bfloat16 = model("gpu(1)");
        when(bfloat16.precision()).thenReturn(Precision.BFLOAT16);
        assertFails(VALUE, () -> ModelPool.of(List.of(gpu, bfloat16)), "precision", "FLOAT32", "BFLOAT16", "options");
        LanguageModel threads = model("gpu(1)");
        when(threads.threads()).thenReturn(8);
        assertFails(VALUE, () -> ModelPool.of(List.of(gpu, threads)), "number of threads", "has 1 and", "has 8");
        LanguageModel weights = model("gpu(1)");
        when(weights.digest()).thenReturn("others");
        assertFails(VALUE, () -> ModelPool.of(List.of(gpu, weights)), "same digest", "has weights", "has others");
        LanguageModel tokenizer = model("gpu(1)");
        when(tokenizer.tokenizerDigest()).thenReturn("others");
        assertFails(VALUE, () -> ModelPool.of(List.of(gpu, tokenizer)), "same tokenizer digest", "copies of one model");
    }

    @Test
    void load_oneForEachDevice_andClosesThemIfOneFails() {
        Path folder = Path.of("model");
        LanguageModel first = model("gpu(0)");
        LanguageModel second = model("gpu(1)");
        LanguageModel cpu = model("cpu()");
        try (MockedStatic<LanguageModel> loading = mockStatic(LanguageModel.class);
                MockedStatic<TorchRuntime> runtime = mockStatic(TorchRuntime.class)) {
            loading.when(() -> LanguageModel.load(any(), any())).thenThrow(new FedHdsException("no such device"));
            loading.when(() -> LanguageModel.load(folder, OPTIONS.onDevice("cuda:0")))
                    .thenReturn(first);
            loading.when(() -> LanguageModel.load(folder, OPTIONS.onDevice("cuda:1")))
                    .thenReturn(second);
            loading.when(() -> LanguageModel.load(folder, OPTIONS.onDevice("cpu")))
                    .thenReturn(cpu);
            ModelPool pool = ModelPool.load(folder, OPTIONS, List.of("cuda:0", "cuda:1"));
            assertEquals(List.of(first, second), pool.models());
            assertEquals(first, pool.first());
            doThrow(new IllegalStateException("the first's")).when(first).close();
            assertFails(IllegalStateException.class, pool::close, "the first's");
            verify(second).close();

            assertFails(VALUE, () -> ModelPool.load(folder, OPTIONS, List.of()), "at least one device");
            assertFails(VALUE, () -> ModelPool.load(folder, OPTIONS, List.of("cpu", "cuda:1")), "kind of device");
            verify(cpu).close();
            assertFails(
                    FedHdsException.class,
                    () -> ModelPool.load(folder, OPTIONS, List.of("cpu", "cuda:2")),
                    "no such device");
            verify(cpu, times(2)).close();

            loading.clearInvocations();
            runtime.when(() -> TorchRuntime.checkDevice("cuda:9")).thenThrow(new IllegalArgumentException("cuda:9"));
            assertFails(VALUE, () -> ModelPool.load(folder, OPTIONS, List.of("cpu", "cuda:9")), "cuda:9");
            loading.verify(() -> LanguageModel.load(any(), any()), never());
        }
    }
}
