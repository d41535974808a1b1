package io.github.fedhds.reduction;

/**
 * Progress of a t-SNE; reported every 50 iterations.
 *
 * @param iteration iterations done, 1 or more
 * @param iterations maximum number of iterations; it may end earlier, without progress
 * @param divergence Kullback-Leibler divergence over the attracting pairs; during exaggeration that of the exaggerated
 *     affinities
 * @param gradientNorm norm of the gradient over all points and axes, each component times its gain; 0 or more
 */
public record TsneProgress(int iteration, int iterations, double divergence, double gradientNorm) {}
