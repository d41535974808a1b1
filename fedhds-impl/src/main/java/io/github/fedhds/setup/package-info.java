/** Entry point of an application: clients and servers with default roles on a language model. */
@NullMarked
package io.github.fedhds.setup;

import org.jspecify.annotations.NullMarked;
