/** Named tensors that are trained and sent. Roles take and return them; messages contain them. */
@NullMarked
package io.github.fedhds.adapter;

import org.jspecify.annotations.NullMarked;
