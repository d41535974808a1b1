@NullMarked
package io.github.fedhds.examples.paper;

import org.jspecify.annotations.NullMarked;
