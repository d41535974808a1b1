package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import io.github.fedhds.feature.Points;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HierarchyTest {
    /** Points of many kinds: clouds, lattices full of ties, copies. */
    static Points random(Random random) {
        int n = 1 + random.nextInt(120);
        int d = 1 + random.nextInt(4);
        int kind = random.nextInt(4);
        double[][] rows = new double[n][d];
        for (int i = 0; i < n; i++) {
            if (kind == 3 && i > 0 && random.nextBoolean()) {
                rows[i] = rows[random.nextInt(i)].clone();
                continue;
            }
            int cloud = random.nextInt(4);
            for (int axis = 0; axis < d; axis++) {
                rows[i][axis] = switch (kind) {
                    case 0 -> random.nextInt(6); // a lattice
                    case 1 -> random.nextGaussian();
                    default -> 8 * ((cloud >> (axis % 2)) & 1) + random.nextGaussian();
                };
            }
        }
        return GoldenClusters.points(rows);
    }

    static Hdbscan.Builder random(Random random, Hdbscan.Builder builder) {
        return builder.minClusterSize(2 + random.nextInt(6))
                .minSamples(1 + random.nextInt(8))
                .selectionMethod(Hdbscan.SelectionMethod.values()[random.nextInt(2)])
                .allowSingleCluster(random.nextBoolean())
                .selectionEpsilon(random.nextInt(3) == 0 ? random.nextInt(3) : 0);
    }

    @Test
    void connect_byAnyHierarchy_givesEqualHeightsToTheLastBit() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Coordinates rows = new Coordinates(random(random));
            int minSamples = 1 + random.nextInt(10);
            double[] prim = heights(new PrimHierarchy().connect(rows, minSamples));
            assertArrayEquals(prim, heights(new ElkiHierarchy().connect(rows, minSamples)), "ELKI, seed " + seed);
            assertArrayEquals(prim, heights(new BoruvkaHierarchy(1).connect(rows, minSamples)), "tree, seed " + seed);
        }
    }

    /** 3,200 rows: many leaves, and enough for several threads. */
    private static Points many(int kind, int dimensions) {
        Random random = new Random(kind);
        double[] values = new double[3200 * dimensions];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (kind) {
                case 0 -> random.nextInt(60); // a lattice
                case 1 -> random.nextInt(8); // a lattice of copies
                case 2 -> random.nextGaussian();
                case 3 -> 10 * (i / (40 * dimensions)) + random.nextGaussian();
                case 4 -> Math.scalb(random.nextDouble(), random.nextInt(2000) - 1000);
                default -> 0;
            };
        }
        return new Points(3200, dimensions, values);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void connect_manyRowsByAnyNumberOfThreads_givesPrimsHeights(int kind) {
        for (int dimensions : new int[] {1, 3}) {
            Coordinates rows = new Coordinates(many(kind, dimensions));
            for (int minSamples : new int[] {2, 20}) {
                double[] prim = heights(new PrimHierarchy().connect(rows, minSamples));
                for (int threads = 1; threads <= 3; threads++) {
                    assertArrayEquals(prim, heights(new BoruvkaHierarchy(threads).connect(rows, minSamples)));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void fit_manyRowsByAnyNumberOfThreadsInAnyOrder_givesTheSame(int kind) {
        Points points = many(kind, 2);
        Hdbscan.Builder builder = Hdbscan.builder().minClusterSize(4);
        Clustering plain = builder.threads(1).build().fit(points);
        assertEquals(plain, builder.threads(2).build().fit(points));
        assertEquals(plain, builder.threads(9).build().fit(points));
        int[] order = GoldenClusters.shuffled(points.size(), new Random(kind));
        Clustering shuffled = builder.build().fit(GoldenClusters.reorder(points, order));
        int[] shuffledLabels = shuffled.labels();
        int[] labels = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            labels[order[i]] = shuffledLabels[i];
        }
        GoldenClusters.match(plain.labels(), labels, "kind " + kind);
        assertEquals(plain.spanningTreeWeight(), shuffled.spanningTreeWeight());
    }

    private static double[] heights(SpanningTree tree) {
        double[] heights = new double[tree.edges()];
        for (int e = 0; e < heights.length; e++) {
            heights[e] = tree.height(e);
        }
        assertEquals(tree.rows() - 1, heights.length);
        Arrays.sort(heights);
        return heights;
    }

    @Test
    void fit_byAnyHierarchy_givesEqualClusterings() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            Points points = random(random);
            Hdbscan.Builder builder = random(random, Hdbscan.builder());
            Clustering prim = builder.hierarchy(new PrimHierarchy()).build().fit(points);
            for (Hierarchy other : new Hierarchy[] {new ElkiHierarchy(), new BoruvkaHierarchy(2)}) {
                Clustering actual = builder.hierarchy(other).build().fit(points);
                assertEquals(prim, actual, "seed " + seed + ", " + other);
                assertArrayEquals(prim.labels(), actual.labels(), "seed " + seed);
            }
        }
    }

    @Test
    void fit_byElkiInManyThreads_givesWhatOneThreadGives() {
        Hdbscan method = Hdbscan.builder().hierarchy(new ElkiHierarchy()).build();
        List<Clustering> alone = IntStream.range(0, 40)
                .mapToObj(seed -> method.fit(random(new Random(seed))))
                .toList();
        List<Clustering> together = IntStream.range(0, 40)
                .parallel()
                .mapToObj(seed -> method.fit(random(new Random(seed))))
                .toList();
        assertEquals(alone, together);
    }

    @Test
    void elki_isMetInOneClass() {
        ArchRuleDefinition.noClasses()
                .that()
                .haveNameNotMatching(Pattern.quote(ElkiHierarchy.class.getName()) + "(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("elki..")
                .check(new ClassFileImporter().importPackages("io.github.fedhds"));
    }

    @Test
    void choose_withElkiOnTheClassPath_goesByRows() {
        assertEquals(ElkiHierarchy.class, Hierarchies.choose(1, 1).getClass());
        assertEquals(
                ElkiHierarchy.class,
                Hierarchies.choose(Hierarchies.ROWS_BY_ELKI, 1).getClass());
        assertEquals(
                BoruvkaHierarchy.class,
                Hierarchies.choose(Hierarchies.ROWS_BY_ELKI + 1, 1).getClass());
    }

    @Test
    void fit_withoutElkiOnTheClassPath_givesEqualClusters() throws Exception {
        ClassLoader withoutElki = new Reloading(false);
        assertEquals("BoruvkaHierarchy", chosenIn(withoutElki));
        Points points = random(new Random(7));
        Class<?> type = withoutElki.loadClass(Hdbscan.class.getName());
        assertNotSame(Hdbscan.class, type);
        Object builder = type.getMethod("builder").invoke(null);
        Object method = builder.getClass().getMethod("build").invoke(builder);
        Object clustering = type.getMethod("fit", Points.class).invoke(method, points);
        int[] labels = (int[]) clustering.getClass().getMethod("labels").invoke(clustering);
        assertArrayEquals(Hdbscan.builder().build().fit(points).labels(), labels);
    }

    @Test
    void elki_loadedFirst_leavesTheApplicationsLoggingAlone() throws Exception {
        String key = "java.util.logging.config.file";
        String file = System.getProperty(key);
        Logger root = Logger.getLogger("");
        Handler[] handlers = root.getHandlers();
        Level level = root.getLevel();
        Logger mine = Logger.getLogger("an.application");
        Handler own = new StreamHandler();
        mine.setLevel(Level.FINEST);
        mine.addHandler(own);
        try {
            System.clearProperty(key); // as in an application that configures its logging by code
            assertEquals("ElkiHierarchy", chosenIn(new Reloading(true)));
            assertArrayEquals(handlers, root.getHandlers());
            assertEquals(level, root.getLevel());
            assertEquals(Level.FINEST, mine.getLevel());
            assertArrayEquals(new Handler[] {own}, mine.getHandlers());
            assertEquals(null, System.getProperty(key));
        } finally {
            mine.removeHandler(own);
            if (file != null) {
                System.setProperty(key, file);
            }
        }
    }

    private static String chosenIn(ClassLoader loader) throws Exception {
        Method choose = loader.loadClass(Hierarchies.class.getName())
                .getDeclaredMethod("choose", int.class, int.class);
        choose.setAccessible(true);
        return choose.invoke(null, 2, 1).getClass().getSimpleName();
    }

    /** Loads the clustering classes, and ELKI's where there are to be any, afresh. */
    private static final class Reloading extends ClassLoader {
        private final boolean elki;

        Reloading(boolean elki) {
            super(HierarchyTest.class.getClassLoader());
            this.elki = elki;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            boolean ofElki = name.startsWith("elki.");
            if (ofElki && !elki) {
                throw new ClassNotFoundException(name);
            }
            if (!ofElki && !name.startsWith(Hdbscan.class.getPackageName() + ".")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null ? loaded : define(name);
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = in.readAllBytes();
                if (name.contains(".") && getDefinedPackage(name.substring(0, name.lastIndexOf('.'))) == null) {
                    definePackage(name.substring(0, name.lastIndexOf('.')), null, null, null, null, null, null, null);
                }
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException unreadable) {
                throw new ClassNotFoundException(name, unreadable);
            }
        }
    }
}
