package io.github.fedhds.internal.algebra;

import io.github.fedhds.FedHdsException;
import java.util.Locale;

/**
 * Matrix products and symmetric eigenvalues, by PyTorch or ND4J. Safe for many threads. Equal input gives equal output on
 * one machine with one number of threads.
 */
public interface LinearAlgebra {
    /** System property that chooses the backend: {@code torch} or {@code nd4j}. */
    String PROPERTY = "fedhds.algebra";

    /** Name and device, such as {@code PyTorch (cpu)}. */
    String name();

    /**
     * Loads rows.
     *
     * @param single whether products are computed in float, with an error of about 6e-7 of the product of two rows'
     *     lengths; else in double
     */
    LoadedRows load(CentredSource source, boolean single);

    /**
     * Loads a symmetric matrix.
     *
     * @param values {@code [order, order]}, not changed
     */
    LoadedMatrix load(double[] values, int order);

    /**
     * The k largest eigenvalues of a symmetric matrix and their eigenvectors, all computed at once, by LAPACK.
     *
     * @param values {@code [order, order]}, not changed
     */
    Eigen eigen(double[] values, int order, int k);

    /**
     * The chosen backend: the one that the system property {@value #PROPERTY} names; without it PyTorch if its engine is
     * on the class path, else ND4J.
     *
     * @throws FedHdsException if its library is missing
     * @throws IllegalArgumentException if the property has another value
     */
    static LinearAlgebra chosen() {
        String choice = System.getProperty(PROPERTY, "").toLowerCase(Locale.ROOT);
        boolean torch = present("ai.djl.pytorch.engine.PtEngine");
        boolean nd4j = present("org.nd4j.linalg.factory.Nd4j");
        switch (choice) {
            case "" -> {
                if (!torch && !nd4j) {
                    throw new FedHdsException("PCA, kernel PCA and t-SNE need ai.djl.pytorch:pytorch-engine or"
                            + " org.nd4j:nd4j-native on the class path");
                }
                return torch ? TorchAlgebra.instance() : Nd4jAlgebra.instance();
            }
            case "torch" -> {
                require(torch, choice, "ai.djl.pytorch:pytorch-engine");
                return TorchAlgebra.instance();
            }
            case "nd4j" -> {
                require(nd4j, choice, "org.nd4j:nd4j-native");
                return Nd4jAlgebra.instance();
            }
            default ->
                throw new IllegalArgumentException(
                        "the system property " + PROPERTY + " is torch or nd4j, was " + choice);
        }
    }

    private static void require(boolean present, String choice, String artifact) {
        if (!present) {
            throw new FedHdsException("the system property " + PROPERTY + " is " + choice + ", but " + artifact
                    + " is not on the class path; add it, or do not set the property");
        }
    }

    private static boolean present(String className) {
        try {
            Class.forName(className, false, LinearAlgebra.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
