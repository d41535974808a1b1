package io.github.fedhds;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.github.fedhds.wire.SafetensorsFile;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The layout that the packages promise. */
class ArchitectureTest {
    private static final String[] API = {
        "io.github.fedhds",
        "io.github.fedhds.aggregation..",
        "io.github.fedhds.coreset..",
        "io.github.fedhds.feature..",
        "io.github.fedhds.fusion..",
        "io.github.fedhds.instruction..",
        "io.github.fedhds.message..",
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
    void djl_isMetInTransformerAndLoraOnly() {
        onlyIn("ai.djl..", "io.github.fedhds.transformer..", "io.github.fedhds.lora..");
    }

    @Test
    void nd4j_isMetInFusionOnly() {
        onlyIn("org.nd4j..", "io.github.fedhds.reduction..");
    }

    @Test
    void elki_isMetInClusteringOnly() {
        onlyIn("elki..", "io.github.fedhds.clustering..");
    }

    @Test
    void micrometer_isMetInMetricsOnly() {
        onlyIn("io.micrometer..", "io.github.fedhds.metrics..");
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
        check(slices().matching("io.github.fedhds.(*)..")
                .should()
                .beFreeOfCycles()
                .ignoreDependency(alwaysTrue(), resideInAPackage("io.github.fedhds")));
    }
}
