package io.github.fedhds.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregators.CoordinateMedian;
import io.github.fedhds.aggregators.ExactLoraAveraging;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.aggregators.FedOpt;
import io.github.fedhds.aggregators.NormClipping;
import io.github.fedhds.clustering.Clusterer;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.clustering.KMeans;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.reduction.KernelPcaFusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.AlignedSelector;
import io.github.fedhds.selection.BalancedSelector;
import io.github.fedhds.selection.BudgetSelector;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.ScoreSelector;
import io.github.fedhds.selection.SingleSelector;
import io.github.fedhds.selection.WardSelector;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Roles of this library say all that their result depends on, in equal words in each process. */
class RoleTextTest {
    /** Settings that change no result. */
    private static final Set<String> SPEED = Set.of("threads", "listener", "truncation");

    private final Fusion ownFusion = (features, round) -> new PcaFusion().fuse(features, round);
    private final Clusterer ownClusterer = points -> KMeans.builder().build().fit(points);
    private final Aggregator ownRule = (round, state) -> FedAvg.equally().open(round, state);

    @Test
    void roles_ofBothModules_haveATextOfTheirOwn() {
        List<Class<?>> kinds = List.of(Fusion.class, CoresetSelector.class, Clusterer.class, Aggregator.class);
        int found = 0;
        for (JavaClass type : new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.github.fedhds")) {
            if (!type.isInterface() && kinds.stream().anyMatch(type::isAssignableTo)) {
                assertTrue(type.tryGetMethod("toString").isPresent(), type + " has no toString()");
                found++;
            }
        }
        assertTrue(found > 20, "roles: " + found);
    }

    private static List<Object> values(Class<?> type) {
        if (type.isEnum()) {
            return List.of(type.getEnumConstants());
        }
        if (type == boolean.class) {
            return List.of(true);
        }
        if (type == int.class || type == long.class) {
            return type == int.class ? List.of(7) : List.of(7L);
        }
        if (type == double.class) {
            return List.of(0.5, 2.5);
        }
        if (type == Clusterer.class) {
            return List.of(KMeans.builder().build());
        }
        assertTrue(type == Aggregator.class || type == FedAvg.class, () -> "give a value of " + type);
        return List.of(FedAvg.equally());
    }

    /** A setting that is forgotten in a text would let parties of other settings train together. */
    @Test
    void text_eachSettingOfABuilder_changesIt() throws ReflectiveOperationException {
        List<Supplier<Object>> builders = List.of(
                TsneFusion::builder,
                Hdbscan::builder,
                KMeans::builder,
                HdbscanSelector::builder,
                ScoreSelector::perplexity,
                ScoreSelector::difficulty,
                FedOpt::fedAvgM,
                FedOpt::fedAdam,
                FedOpt::fedYogi,
                FedOpt::fedAdagrad,
                () -> ExactLoraAveraging.alpha(8));
        int tested = 0;
        for (Supplier<Object> start : builders) {
            Class<?> builder = start.get().getClass();
            Method build = builder.getMethod("build");
            String plain = RoleText.of(build.invoke(start.get()));
            for (Method setter : builder.getMethods()) {
                if (setter.getReturnType() != builder || SPEED.contains(setter.getName())) {
                    continue;
                }
                boolean changed = false;
                boolean taken = false;
                for (Object value : values(setter.getParameterTypes()[0])) {
                    try {
                        Object set = setter.invoke(start.get(), value);
                        taken = true;
                        changed |= !plain.equals(RoleText.of(build.invoke(set)));
                    } catch (InvocationTargetException e) { // out of range, or not of this rule
                        assertTrue(
                                e.getCause() instanceof IllegalArgumentException, () -> setter + ": " + e.getCause());
                    }
                }
                assertTrue(changed || !taken, setter + " does not change " + plain);
                tested += changed ? 1 : 0;
            }
        }
        assertTrue(tested > 30, "settings: " + tested);
    }

    @Test
    void text_ofOtherArguments_isAnotherAndOfEqualOnesEqual() {
        List<Object> some = roles();
        List<Object> again = roles();
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < some.size(); i++) {
            String text = RoleText.of(some.get(i));
            assertTrue(texts.add(text), "twice: " + text);
            assertEquals(text, RoleText.of(again.get(i)));
            assertFalse(text.contains("@") || text.contains("$"), text);
            assertTrue(text.length() < 500, text);
        }
    }

    private List<Object> roles() {
        Fusion pca = new PcaFusion();
        List<Object> roles = new ArrayList<>(List.of(
                pca,
                new PcaFusion(3),
                PcaFusion.randomised(2, 1),
                PcaFusion.randomised(2, 2),
                pca.compose(FeatureMatrix::lastBlock),
                new PcaFusion(3).compose(FeatureMatrix::lastBlock),
                pca.compose(FeatureMatrix::lastBlock).compose(FeatureMatrix::lastBlock),
                ownFusion.compose(FeatureMatrix::lastBlock),
                KernelPcaFusion.linear(2),
                KernelPcaFusion.cosine(2),
                KernelPcaFusion.rbf(2),
                KernelPcaFusion.rbf(2, 0.5),
                KernelPcaFusion.polynomial(2),
                KernelPcaFusion.polynomial(2, 0.5, 1, 3),
                KernelPcaFusion.polynomial(2, 0.5, 0, 3),
                KernelPcaFusion.polynomial(2, 0.5, 1, 2)));
        roles.addAll(List.of(
                new EverySelector(),
                new SingleSelector(),
                RandomSelector.share(0.1),
                RandomSelector.share(0.9),
                RandomSelector.count(1),
                RandomSelector.count(round -> 1),
                KCenterSelector.share(0.1),
                KCenterSelector.shareOfSamples(0.1),
                KCenterSelector.shareOfSamples(0.2),
                KCenterSelector.count(0),
                KCenterSelector.count(0).withDensity(0.5),
                KCenterSelector.count(0).withDensity(0.5, 5),
                KCenterSelector.count(0).withDensity(1),
                KCenterSelector.count(0).withCosine(),
                KCenterSelector.count(0).withDensity(1).withCosine(),
                KCenterSelector.count(0).withRandomStart(),
                WardSelector.share(0.1),
                WardSelector.count(3),
                AlignedSelector.of(new EverySelector(), 0.1),
                AlignedSelector.of(new EverySelector(), 0.2),
                AlignedSelector.of(new SingleSelector(), 0.1),
                BalancedSelector.share(new EverySelector(), 0.1),
                BalancedSelector.count(new EverySelector(), 3),
                BudgetSelector.share(new EverySelector(), 0.1),
                BudgetSelector.count(new EverySelector(), 3),
                BudgetSelector.count((candidates, round) -> new EverySelector().select(candidates, round), 3),
                HdbscanSelector.forClient(),
                HdbscanSelector.forServer(),
                HdbscanSelector.builder().clustering(ownClusterer).build(),
                ScoreSelector.perplexity().build(),
                ScoreSelector.difficulty().build()));
        roles.addAll(List.of(
                new CoordinateMedian(),
                FedAvg.bySamples(),
                FedAvg.bySamplesUpTo(9),
                NormClipping.of(1, ownRule),
                NormClipping.of(2, ownRule),
                FedOpt.fedAdam().mean(ownRule).build(),
                ExactLoraAveraging.scale(rank -> 2).build()));
        return roles;
    }

    /** An address would differ in each process. */
    @Test
    void text_ofTheApplicationsOwn_saysNoMore() {
        Fusion nameless = new Fusion() {
            @Override
            public Points fuse(FeatureMatrix features, RoundContext round) {
                return ownFusion.fuse(features, round);
            }
        };
        for (Object own : List.of(
                ownFusion,
                ownClusterer,
                ownRule,
                nameless,
                Fusion.of(3, ownFusion),
                new CachedFusion(ownFusion, 9),
                "x")) {
            assertEquals("the application's own", RoleText.of(own));
        }
        assertEquals(
                "PcaFusion[dimensions=2] composed with a view of the application's own",
                RoleText.of(new PcaFusion().compose(FeatureMatrix::lastBlock)));
        assertEquals("PcaFusion[dimensions=2]", RoleText.of(new CachedFusion(new PcaFusion(), 9)));
        assertEquals(
                "BudgetSelector[the application's own, count=3]",
                RoleText.of(
                        BudgetSelector.count((candidates, round) -> new EverySelector().select(candidates, round), 3)));
        assertNotEquals(RoleText.of(ownFusion), RoleText.of(new PcaFusion()));
    }

    @Test
    void text_ofThreadsAndListeners_isEqual() {
        assertEquals(
                RoleText.of(TsneFusion.builder().build()),
                RoleText.of(TsneFusion.builder().threads(9).listener(some -> {}).build()));
        assertEquals(
                RoleText.of(Hdbscan.builder().build()),
                RoleText.of(Hdbscan.builder().threads(9).build()));
    }
}
