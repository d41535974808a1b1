package io.github.fedhds.reduction;

/**
 * How far a t-SNE has come; told every 50 iterations.
 *
 * @param iteration iterations done, 1 or more
 * @param iterations most iterations there will be; it may end sooner, without progress
 * @param divergence Kullback-Leibler divergence over the pairs that attract, while exaggerated that of the exaggerated
 *     affinities
 * @param gradientNorm length of the gradient, each part times its gain, over all points and axes; 0 or more
 */
public record TsneProgress(int iteration, int iterations, double divergence, double gradientNorm) {}
