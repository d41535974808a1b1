/** Where an application begins: clients and servers with the paper's defaults on a language model. */
@NullMarked
package io.github.fedhds.setup;

import org.jspecify.annotations.NullMarked;
