/** The experiments of the FedHDS paper: which choices in the method change what, as tables and plots. */
@NullMarked
package io.github.fedhds.examples.paper;

import org.jspecify.annotations.NullMarked;
