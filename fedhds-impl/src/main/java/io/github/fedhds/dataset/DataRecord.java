package io.github.fedhds.dataset;

import com.google.gson.JsonObject;

/**
 * One row of a data file.
 *
 * @param place file and position in it, for messages
 * @param json its fields; a missing value of a table is null
 */
record DataRecord(String place, JsonObject json) {}
