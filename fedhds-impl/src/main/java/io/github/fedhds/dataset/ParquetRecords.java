package io.github.fedhds.dataset;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a Parquet file, of which only the known columns are read. Memory: one row group of these columns. With
 * {@link ParquetCodecs} the only class that needs Parquet's library, which is optional.
 *
 * @see <a href="https://parquet.apache.org/docs/file-format/">Apache Parquet: file format</a>
 */
final class ParquetRecords implements Records {
    /** The library to add, as Maven names it. */
    static final String ARTIFACT = "blue.strategic.parquet:parquet-floor";

    private final Path label;
    private final Optional<Path> temporary;
    private final ParquetFileReader reader;
    private final MessageType columns;
    private @Nullable RecordReader<Group> rows;
    private long left;
    private long row;

    private ParquetRecords(Path label, Optional<Path> temporary, ParquetFileReader reader, MessageType columns) {
        this.label = label;
        this.temporary = temporary;
        this.reader = reader;
        this.columns = columns;
    }

    /**
     * Opens a file.
     *
     * @param label the file's name in messages
     * @param temporary whether to delete the file in the end
     * @param keys columns that are read
     */
    static ParquetRecords open(Path label, Path file, boolean temporary, Set<String> keys) throws IOException {
        ParquetFileReader reader = null;
        try {
            reader = ParquetFileReader.open(
                    new LocalInputFile(file),
                    ParquetReadOptions.builder(new PlainParquetConfiguration())
                            .withCodecFactory(new ParquetCodecs())
                            .build());
            MessageType all = reader.getFileMetaData().getSchema();
            List<Type> known = all.getFields().stream()
                    .filter(field -> keys.contains(field.getName()))
                    .toList();
            if (known.stream().noneMatch(field -> InstructionForm.KEYS.contains(field.getName()))) {
                throw new FedHdsException(label + ": the Parquet file has the columns "
                        + JsonFile.shorten(
                                all.getFields().stream().map(Type::getName).toList())
                        + "; read are " + InstructionForm.READ);
            }
            MessageType columns = new MessageType(all.getName(), known);
            reader.setRequestedSchema(columns);
            return new ParquetRecords(label, temporary ? Optional.of(file) : Optional.empty(), reader, columns);
        } catch (RuntimeException | OutOfMemoryError e) {
            if (reader != null) {
                reader.close();
            }
            throw e instanceof FedHdsException told ? told : damaged(label, "its footer", e);
        }
    }

    /** What the library throws for a damaged file has no common type; a length in it may ask for any memory. */
    private static FedHdsException damaged(Path label, String where, Throwable e) {
        return new FedHdsException(
                label + ": the Parquet file cannot be read at " + where + "; it is damaged, encrypted, or of a"
                        + " compression that is not supported"
                        + (e.getMessage() == null ? "" : " (" + JsonFile.shorten(e.getMessage()) + ")"),
                e);
    }

    @Override
    public String kind() {
        return "Parquet";
    }

    @Override
    public List<String> columns() {
        return reader.getFileMetaData().getSchema().getFields().stream()
                .map(Type::getName)
                .toList();
    }

    @Override
    public @Nullable DataRecord next() throws IOException {
        try {
            while (left == 0) {
                PageReadStore group = reader.readNextRowGroup();
                if (group == null) {
                    return null;
                }
                left = group.getRowCount();
                rows = new ColumnIOFactory()
                        .getColumnIO(columns, columns)
                        .getRecordReader(group, new GroupRecordConverter(columns));
            }
            left--;
            row++;
            Group fields = rows == null ? null : rows.read();
            if (fields == null) {
                throw new FedHdsException(place() + ": is missing in the Parquet file, which is damaged");
            }
            return new DataRecord(place(), object(fields, columns));
        } catch (FedHdsException e) {
            throw e;
        } catch (IOException | RuntimeException | OutOfMemoryError | LinkageError e) { // or no class for a compression
            throw damaged(label, "row " + (row + 1), e);
        }
    }

    private String place() {
        return label + ": row " + row;
    }

    private JsonObject object(Group group, GroupType type) {
        JsonObject json = new JsonObject();
        for (int field = 0; field < type.getFieldCount(); field++) {
            json.add(type.getFieldName(field), field(group, field, type.getType(field)));
        }
        return json;
    }

    /** All values of a field: a repeated one is a list. */
    private JsonElement field(Group group, int field, Type type) {
        int count = group.getFieldRepetitionCount(field);
        if (!type.isRepetition(Type.Repetition.REPEATED)) {
            return count == 0 ? JsonNull.INSTANCE : value(group, field, 0, type);
        }
        JsonArray list = new JsonArray();
        for (int i = 0; i < count; i++) {
            list.add(value(group, field, i, type));
        }
        return list;
    }

    private JsonElement value(Group group, int field, int index, Type type) {
        if (type.isPrimitive()) {
            return new JsonPrimitive(primitive(group, field, index, type));
        }
        Group inner = group.getGroup(field, index);
        GroupType innerType = type.asGroupType();
        if (type.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation && innerType.getFieldCount() == 1) {
            return list(inner, innerType.getType(0));
        }
        if (type.getLogicalTypeAnnotation() instanceof MapLogicalTypeAnnotation) {
            return JsonNull.INSTANCE;
        }
        return object(inner, innerType);
    }

    /** A list has three levels, of which the middle one has a single field; older files have two. */
    private JsonElement list(Group group, Type repeated) {
        JsonElement values = field(group, 0, repeated);
        boolean threeLevels = !repeated.isPrimitive()
                && repeated.asGroupType().getFieldCount() == 1
                && !repeated.getName().equals("array")
                && !repeated.getName().endsWith("_tuple");
        if (!threeLevels || !(values instanceof JsonArray wrapped)) {
            return values;
        }
        String element = repeated.asGroupType().getFieldName(0);
        JsonArray list = new JsonArray();
        for (JsonElement each : wrapped) {
            list.add(each instanceof JsonObject one ? one.get(element) : each);
        }
        return list;
    }

    private String primitive(Group group, int field, int index, Type type) {
        PrimitiveTypeName kind = type.asPrimitiveType().getPrimitiveTypeName();
        if (kind != PrimitiveTypeName.BINARY) {
            return group.getValueToString(field, index);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(group.getBinary(field, index).toByteBuffer())
                    .toString();
        } catch (CharacterCodingException e) {
            throw new FedHdsException(place() + ": " + type.getName() + " is not UTF-8", e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            reader.close();
        } finally {
            if (temporary.isPresent()) {
                Files.deleteIfExists(temporary.get());
            }
        }
    }
}
