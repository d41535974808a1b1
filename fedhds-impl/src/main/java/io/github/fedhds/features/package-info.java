/** Step 2 of a round: samples run through the model and leave as feature rows and scores; rows can be cached. */
@NullMarked
package io.github.fedhds.features;

import org.jspecify.annotations.NullMarked;
