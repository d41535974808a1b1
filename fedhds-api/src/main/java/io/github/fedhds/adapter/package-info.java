/** What is trained and travels: named tensors. Roles take and give it; messages carry it. */
@NullMarked
package io.github.fedhds.adapter;

import org.jspecify.annotations.NullMarked;
