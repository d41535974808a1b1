package io.github.fedhds;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.RoundContext;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The layout that the page on the packages describes. */
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
        "io.github.fedhds.release..",
        "io.github.fedhds.round..",
        "io.github.fedhds.training.."
    };

    /** Public members with an internal type: other packages of this module need them, tests among them. */
    private static final Set<String> NAME_INTERNAL_TYPES =
            Set.of("SealedSafetensors.check", "SealedSafetensors.write", "ServerStore.open");

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

    /** Every client and the server know the run's seed: what follows from it hides nothing. */
    @Test
    void noiseKeysAndMasks_neverComeFromTheRunsSeed() {
        check(noClasses()
                .that()
                .resideInAnyPackage("io.github.fedhds.privacy..", "io.github.fedhds.secure..")
                .should()
                .callMethod(RoundContext.class, "random", String.class)
                .orShould()
                .callMethod(RoundContext.class, "seedOf", String.class)
                .orShould()
                .callMethod(RoundContext.class, "seed")
                .orShould()
                .callMethod(RoundOpening.class, "seed")
                .orShould()
                .dependOnClassesThat()
                .haveSimpleName("RandomStream"));
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
                .because(library + " must stay exchangeable"));
    }

    private static String[] packages(String... names) {
        return Arrays.stream(names).map(name -> "io.github.fedhds." + name).toArray(String[]::new);
    }

    @Test
    void djl_isUsedByTransformerTokenizerAlgebraAndTorchRuntimeOnly() {
        onlyIn("ai.djl..", packages("transformer", "tokenizer", "internal", "internal.algebra"));
    }

    @Test
    void nd4j_isUsedByAlgebraOnly() {
        onlyIn("org.nd4j..", packages("internal.algebra"));
    }

    @Test
    void elki_isUsedByClusteringOnly() {
        onlyIn("elki..", packages("clustering"));
    }

    @Test
    void micrometer_isUsedByMonitoringOnly() {
        onlyIn("io.micrometer..", packages("monitoring"));
    }

    @Test
    void parquet_isUsedByDatasetOnly() {
        onlyIn("org.apache.parquet..", packages("dataset"));
        onlyIn("org.apache.hadoop..", packages("dataset"));
    }

    @Test
    void jna_isUsedByTorchRuntimeOnly() {
        onlyIn("com.sun.jna..", packages("internal"));
    }

    @Test
    void gson_isUsedWhereJsonIsReadOrWrittenOnly() {
        onlyIn(
                "com.google.gson..",
                packages(
                        "dataset",
                        "internal.gguf",
                        "internal.json",
                        "internal.safetensors",
                        "model",
                        "monitoring",
                        "monitoring.internal",
                        "peft",
                        "privacy",
                        "simulation",
                        "tokenizer"));
    }

    @Test
    void guava_isUsedForDigestsAndWorkersOnly() {
        onlyIn(
                "com.google.common..",
                packages(
                        "dataset",
                        "features",
                        "internal",
                        "lora",
                        "selection",
                        "setup",
                        "simulation",
                        "tokenizer",
                        "transformer"));
    }

    @Test
    void slf4j_isUsedWhereALogLineIsWrittenOnly() {
        onlyIn(
                "org.slf4j..",
                packages(
                        "clustering",
                        "dataset",
                        "evaluation",
                        "features",
                        "internal",
                        "internal.algebra",
                        "monitoring",
                        "privacy",
                        "secure",
                        "selection",
                        "setup",
                        "simulation",
                        "state",
                        "transformer"));
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

    /** Each package is a slice, the root package included; a package {@code x.internal} belongs to {@code x}. */
    @Test
    void packages_haveNoCycles() {
        check(slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        String name = type.getPackageName();
                        return SliceIdentifier.of(
                                name.equals("io.github.fedhds.internal") ? name : name.replaceAll("\\.internal$", ""));
                    }

                    @Override
                    public String getDescription() {
                        return "one slice for each package";
                    }
                })
                .should()
                .beFreeOfCycles());
    }

    /** Client and server stand above the roles, so that a role can be used without them. */
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

    /** A host compiles against public signatures, so they must not change when a library is exchanged. */
    @Test
    void publicSignatures_nameNoOutsideType() {
        check(openClasses().should(nameNo("type of an outside library", ArchitectureTest::isOutside, Set.of())));
    }

    @Test
    void publicSignatures_nameNoInternalType() {
        check(openClasses().should(nameNo("internal type", ArchitectureTest::isInternal, NAME_INTERNAL_TYPES)));
    }

    private static GivenClassesConjunction openClasses() {
        return classes().that().arePublic().and().resideOutsideOfPackage("..internal..");
    }

    /** Looks at supertypes, and at type arguments, parameters, results, exceptions and types of public and protected members. */
    private static ArchCondition<JavaClass> nameNo(String what, Predicate<JavaClass> forbidden, Set<String> allowed) {
        return new ArchCondition<>("name no " + what) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                Stream<JavaClass> above = Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream())
                        .flatMap(parent -> parent.getAllInvolvedRawTypes().stream());
                report(type.getFullName(), type, above, events);
                for (JavaMember member : type.getMembers()) {
                    String name = type.getSimpleName() + "." + member.getName();
                    if (isOpen(member.getModifiers()) && !allowed.contains(name)) {
                        Stream<JavaClass> thrown = member instanceof JavaCodeUnit unit
                                ? unit.getThrowsClause().getTypes().stream()
                                : Stream.empty();
                        Stream<JavaClass> named = Stream.concat(member.getAllInvolvedRawTypes().stream(), thrown);
                        report(member.getFullName(), member, named, events);
                    }
                }
            }

            private void report(String name, Object where, Stream<JavaClass> named, ConditionEvents events) {
                named.filter(forbidden)
                        .forEach(type -> events.add(
                                SimpleConditionEvent.violated(where, name + " names " + type.getFullName())));
            }
        };
    }

    private static boolean isOpen(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    /** Micrometer's registry is allowed: an application that uses the meters passes its own. */
    private static boolean isOutside(JavaClass type) {
        JavaClass base = type.getBaseComponentType();
        return !base.isPrimitive()
                && Stream.of("java.", "io.github.fedhds", "io.micrometer.core.instrument.")
                        .noneMatch(base.getPackageName().concat(".")::startsWith);
    }

    private static boolean isInternal(JavaClass type) {
        return List.of(type.getBaseComponentType().getPackageName().split("\\."))
                .contains("internal");
    }
}
