package io.github.fedhds.peft;

import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufFile.RowReader;
import io.github.fedhds.internal.gguf.GgufWriter;
import java.util.List;
import java.util.SortedSet;

/** A GGUF file. Its metadata is copied as it is stored, but for the keys that describe the file itself. */
record StoredGguf(GgufFile file) implements GgufBase {
    private static final List<String> OF_THE_FILE = List.of(
            "general.alignment",
            "general.file_type",
            "general.quantization_version",
            "split.no",
            "split.count",
            "split.tensors.count");

    @Override
    public SortedSet<String> names() {
        return file.names();
    }

    @Override
    public int[] shape(String name) {
        return file.shape(name);
    }

    @Override
    public void readRows(String name, RowReader reader) {
        file.readRows(name, reader);
    }

    @Override
    public void putMetadata(GgufWriter writer) {
        writer.putAll(file);
        OF_THE_FILE.forEach(writer::remove);
    }

    @Override
    public void close() {
        file.close();
    }
}
