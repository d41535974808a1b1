package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.setup.ModelPool;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the setters of all builders of both modules have in common. */
class BuildersTest {
    @TempDir
    private static Path folder;

    private static LanguageModel model;
    private static FedHds fedHds;
    private static Set<Class<?>> builders = Set.of();

    @BeforeAll
    static void load() {
        model = TinyModel.load(TinyModel.write(folder));
        fedHds = FedHds.on(model).build();
        builders = find();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static Set<Class<?>> find() {
        Set<Class<?>> builders = new HashSet<>();
        for (JavaClass found : new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.github.fedhds")) {
            if (found.getSimpleName().endsWith("Builder")
                    && found.getModifiers().contains(JavaModifier.PUBLIC)) {
                builders.add(found.reflect());
            }
        }
        assertTrue(builders.contains(FedHdsServerBuilder.class), "the api is searched");
        assertTrue(builders.contains(FedHdsBuilder.class), "the implementation is searched");
        return builders;
    }

    /** A builder is nested in the class that it builds, or beside it with the same name before "Builder". */
    private static Class<?> built(Class<?> builder) {
        Class<?> outer = builder.getEnclosingClass();
        if (outer != null) {
            return outer;
        }
        try {
            return Class.forName(builder.getName().replaceFirst("Builder$", ""));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    /** The static methods that start a builder. */
    private static List<Method> starts(Class<?> builder) {
        List<Method> starts = Arrays.stream(built(builder).getMethods())
                .filter(method -> Modifier.isStatic(method.getModifiers()) && method.getReturnType() == builder)
                .toList();
        assertTrue(!starts.isEmpty(), "nothing starts " + builder);
        return starts;
    }

    private static List<Method> setters(Class<?> builder) {
        return Arrays.stream(builder.getMethods())
                .filter(method -> method.getReturnType() == builder && method.getParameterCount() > 0)
                .toList();
    }

    /** A value that a method takes beside the one that is tested. */
    private static Object valid(Class<?> type) {
        Map<Class<?>, Object> values = Map.of(
                LanguageModel.class,
                model,
                ModelPool.class,
                ModelPool.of(List.of(model)),
                ClientId.class,
                new ClientId("c"),
                FedHds.class,
                fedHds,
                double.class,
                0.5,
                int.class,
                3,
                List.class,
                List.of(),
                Map.class,
                Map.of(),
                String.class,
                "k",
                Path.class,
                folder);
        if (type == IntToDoubleFunction.class) {
            return (IntToDoubleFunction) rank -> 1;
        }
        if (type == ToDoubleFunction.class) {
            return (ToDoubleFunction<Object>) adapter -> 1;
        }
        if (type == Supplier.class) {
            return (Supplier<List<Instruction>>) List::of;
        }
        Object value = values.get(type);
        if (value == null) {
            throw new AssertionError("this test needs a value of " + type + "; add one");
        }
        return value;
    }

    private static Object[] arguments(Method method, int tested, @Nullable Object value) {
        Object[] arguments = new Object[method.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
            if (i == tested) {
                arguments[i] = value;
            } else {
                arguments[i] = valid(method.getParameterTypes()[i]);
            }
        }
        return arguments;
    }

    private static Object start(Method start) throws ReflectiveOperationException {
        return start.invoke(null, arguments(start, -1, null));
    }

    /** Gives a setter one bad value, on a builder of each kind, and asks for an error that names the setting. */
    private static void assertNamed(
            Class<? extends RuntimeException> kind, Method setter, int tested, @Nullable Object bad) throws Exception {
        for (Method start : starts(setter.getDeclaringClass())) {
            Object builder = start(start);
            String what = setter + " given " + bad;
            InvocationTargetException thrown = assertThrows(
                    InvocationTargetException.class,
                    () -> setter.invoke(builder, arguments(setter, tested, bad)),
                    what);
            assertNames(setter, assertInstanceOf(kind, thrown.getCause(), what), what);
        }
    }

    /** The message has the setter's name, or what it is around, or the one of many that is meant. */
    private static void assertNames(Method setter, Throwable error, String what) {
        String message = String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT);
        String name = setter.getName().toLowerCase(Locale.ROOT).replaceFirst("^around", "");
        assertTrue(
                message.contains(name) || message.contains(name.replaceFirst("s$", "")),
                what + " says \"" + error.getMessage() + "\"");
    }

    @Test
    void setters_givenNull_nameTheSetting() throws Exception {
        int tested = 0;
        for (Class<?> builder : builders) {
            for (Method setter : setters(builder)) {
                for (int i = 0; i < setter.getParameterCount(); i++) {
                    if (!setter.getParameterTypes()[i].isPrimitive()) {
                        assertNamed(NullPointerException.class, setter, i, null);
                        tested++;
                    }
                }
            }
        }
        assertTrue(tested > 40, "setters: " + tested);
    }

    @Test
    void starts_givenNull_nameTheParameter() throws Exception {
        int tested = 0;
        for (Class<?> builder : builders) {
            for (Method start : starts(builder)) {
                for (int i = 0; i < start.getParameterCount(); i++) {
                    if (!start.getParameterTypes()[i].isPrimitive()) {
                        Object[] arguments = arguments(start, i, null);
                        Throwable error = assertThrows(
                                        InvocationTargetException.class, () -> start.invoke(null, arguments))
                                .getCause();
                        NullPointerException found =
                                assertInstanceOf(NullPointerException.class, error, start.toString());
                        String message = Objects.requireNonNull(found.getMessage(), start.toString());
                        assertTrue(message.matches("\\w+"), start + " says " + message);
                        tested++;
                    }
                }
            }
        }
        assertTrue(tested >= 5, "methods: " + tested);
    }

    @Test
    void setters_givenCollectionsThatHoldNull_nameTheSetting() throws Exception {
        int tested = 0;
        for (Class<?> builder : builders) {
            for (Method setter : setters(builder)) {
                for (int i = 0; i < setter.getParameterCount(); i++) {
                    for (Object bad : holdingNull(setter.getGenericParameterTypes()[i])) {
                        assertNamed(NullPointerException.class, setter, i, bad);
                        tested++;
                    }
                }
            }
        }
        assertTrue(tested >= 8, "collections: " + tested);
    }

    private static List<Object> holdingNull(Type type) {
        if (!(type instanceof ParameterizedType collection)) {
            return List.of();
        }
        if (collection.getRawType() == List.class) {
            return List.of(Collections.singletonList(null));
        }
        if (collection.getRawType() != Map.class) {
            return List.of();
        }
        Type[] types = collection.getActualTypeArguments();
        return List.of(
                Collections.singletonMap(null, valid(raw(types[1]))),
                Collections.singletonMap(valid(raw(types[0])), null));
    }

    private static Class<?> raw(Type type) {
        return (Class<?>) (type instanceof ParameterizedType generic ? generic.getRawType() : type);
    }

    @Test
    void setters_givenEmptyCollections_takeThemOrNameTheSetting() throws Exception {
        List<String> refused = new ArrayList<>();
        for (Class<?> builder : builders) {
            for (Method setter : setters(builder)) {
                for (int i = 0; i < setter.getParameterCount(); i++) {
                    Class<?> type = setter.getParameterTypes()[i];
                    if (type == List.class || type == Map.class || type == int[].class) {
                        Object empty = type == int[].class ? new int[0] : valid(type);
                        try {
                            setter.invoke(start(starts(builder).get(0)), arguments(setter, i, empty));
                        } catch (InvocationTargetException e) {
                            assertNames(
                                    setter,
                                    assertInstanceOf(IllegalArgumentException.class, e.getCause()),
                                    setter + " given " + empty);
                            refused.add(setter.getName());
                        }
                    }
                }
            }
        }
        Collections.sort(refused);
        assertEquals(List.of("clients", "states"), refused, "no clients, and features of nothing");
    }

    /** A value that no setting takes is refused where it is set, not when the whole is built. */
    @Test
    void setters_givenNumbersOutOfRange_nameTheSetting() throws Exception {
        int tested = 0;
        for (Class<?> builder : builders) {
            for (Method setter : setters(builder)) {
                for (int i = 0; i < setter.getParameterCount(); i++) {
                    Class<?> type = setter.getParameterTypes()[i];
                    if (type == double.class || type == int.class) {
                        Object bad = type == int.class ? (Object) Integer.MIN_VALUE : (Object) Double.NaN;
                        assertNamed(IllegalArgumentException.class, setter, i, bad);
                        tested++;
                    }
                }
            }
        }
        assertTrue(tested > 50, "numbers: " + tested);
    }
}
