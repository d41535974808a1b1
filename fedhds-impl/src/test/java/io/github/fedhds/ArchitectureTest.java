package io.github.fedhds;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.round.RoundContext;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The layout that the packages promise. */
class ArchitectureTest {
    private static final String[] API = {
        "io.github.fedhds",
        "io.github.fedhds.adapter..",
        "io.github.fedhds.aggregation..",
        "io.github.fedhds.coreset..",
        "io.github.fedhds.feature..",
        "io.github.fedhds.fusion..",
        "io.github.fedhds.instruction..",
        "io.github.fedhds.message..",
        "io.github.fedhds.round..",
        "io.github.fedhds.training.."
    };

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.github.fedhds");

    @Test
    void classes_ofBothModules_areSeen() {
        assertTrue(CLASSES.contain(RoundContext.class));
        assertTrue(CLASSES.contain(SafetensorsFile.class));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(CLASSES);
    }

    @Test
    void api_needsOnlyTheJdk() {
        check(classes()
                .that()
                .resideInAnyPackage(API)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(concat(API, "java..", "org.jspecify..")));
    }

    private static String[] concat(String[] some, String... more) {
        String[] all = Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    private static void onlyIn(String library, String... packages) {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(packages)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(library)
                .because(library + " is to be exchangeable"));
    }

    @Test
    void djl_isMetBelowFeaturesOnly() {
        onlyIn(
                "ai.djl..",
                "io.github.fedhds.internal",
                "io.github.fedhds.tokenizer..",
                "io.github.fedhds.transformer..",
                "io.github.fedhds.lora..");
    }

    @Test
    void nd4j_isMetInAlgebraOnly() {
        onlyIn("org.nd4j..", "io.github.fedhds.internal.algebra..");
    }

    @Test
    void elki_isMetInClusteringOnly() {
        onlyIn("elki..", "io.github.fedhds.clustering..");
    }

    @Test
    void gson_isMetWhereJsonIsReadOrWritten() {
        onlyIn(
                "com.google.gson..",
                "io.github.fedhds.dataset..",
                "io.github.fedhds.examples..",
                "io.github.fedhds.internal..",
                "io.github.fedhds.model..",
                "io.github.fedhds.monitoring..",
                "io.github.fedhds.peft..",
                "io.github.fedhds.simulation..",
                "io.github.fedhds.state..",
                "io.github.fedhds.tokenizer..");
    }

    @Test
    void micrometer_isMetInMetricsOnly() {
        onlyIn("io.micrometer..", "io.github.fedhds.monitoring..");
    }

    @Test
    void javaSerialization_isUsedNowhere() {
        check(noClasses()
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(ObjectInputStream.class, ObjectOutputStream.class));
        check(noClasses()
                .that()
                .areNotAssignableTo(Throwable.class)
                .and()
                .areNotEnums()
                .should()
                .implement(Serializable.class));
    }

    @Test
    void packages_haveNoCycles() {
        check(slices().matching("io.github.fedhds.(*)..").should().beFreeOfCycles());
    }

    /** Client and server stand above the roles: without this, the root package would be in a cycle with each of them. */
    @Test
    void roles_doNotKnowClientAndServer() {
        check(noClasses()
                .that()
                .resideInAnyPackage(API)
                .and()
                .resideOutsideOfPackage("io.github.fedhds")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.github.fedhds"));
    }

    /** What a host compiles against must not change with a library that can be exchanged. */
    @Test
    void publicSignatures_nameNoLibrary() {
        check(classes()
                .that()
                .arePublic()
                .and()
                .resideOutsideOfPackage("..internal..")
                .should(new ArchCondition<>("name no type of an outside library") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        for (JavaCodeUnit unit : type.getCodeUnits()) {
                            if (isOpen(unit.getModifiers())) {
                                Stream.concat(Stream.of(unit.getRawReturnType()), unit.getRawParameterTypes().stream())
                                        .filter(ArchitectureTest::isOfALibrary)
                                        .forEach(named -> events.add(SimpleConditionEvent.violated(
                                                unit, unit.getFullName() + " names " + named.getFullName())));
                            }
                        }
                        for (JavaField field : type.getFields()) {
                            if (isOpen(field.getModifiers()) && isOfALibrary(field.getRawType())) {
                                events.add(
                                        SimpleConditionEvent.violated(field, field.getFullName() + " is of a library"));
                            }
                        }
                    }
                }));
    }

    private static boolean isOpen(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    private static boolean isOfALibrary(JavaClass type) {
        return Stream.of("ai.djl.", "org.nd4j.", "elki.", "com.google.", "org.slf4j.")
                .anyMatch(library -> type.getBaseComponentType().getFullName().startsWith(library));
    }
}
