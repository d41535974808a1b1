/** The report of a run: reads the lines of its events and writes one HTML page. */
@NullMarked
package io.github.fedhds.examples.report;

import org.jspecify.annotations.NullMarked;
