/** Differential privacy of what clients send: noise, its accounting, and the ledger of what was spent. */
@NullMarked
package io.github.fedhds.privacy;

import org.jspecify.annotations.NullMarked;
