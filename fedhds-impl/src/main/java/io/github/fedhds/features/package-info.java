/** Step 2 of a round: runs samples through the model. Output: feature rows, which can be cached, and scores. */
@NullMarked
package io.github.fedhds.features;

import org.jspecify.annotations.NullMarked;
