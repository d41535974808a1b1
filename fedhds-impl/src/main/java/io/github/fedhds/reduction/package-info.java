/**
 * Step 3 of a round: t-SNE, PCA and kernel PCA. Input: the rows of {@code feature}; output: few coordinates for {@code
 * clustering}.
 */
@NullMarked
package io.github.fedhds.reduction;

import org.jspecify.annotations.NullMarked;
