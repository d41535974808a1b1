package io.github.fedhds.peft;

import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufFile.RowReader;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.model.DecoderConfig;
import java.nio.file.Path;
import java.util.SortedSet;

/** A base model with the names, shapes and row orders of GGUF. */
interface GgufBase extends AutoCloseable {
    static GgufBase open(Path path, DecoderConfig config) {
        return GgufFile.isGguf(path) ? new StoredGguf(GgufFile.open(path)) : new ConvertedFolder(path, config);
    }

    /** Names of the tensors. */
    SortedSet<String> names();

    /** Lengths of a tensor's axes, the contiguous one last. */
    int[] shape(String name);

    /** Reads a tensor row by row. */
    void readRows(String name, RowReader reader);

    /** Puts configuration and tokenizer into a file. */
    void putMetadata(GgufWriter writer);

    @Override
    void close();
}
