package io.github.fedhds.dataset;

import io.github.fedhds.internal.file.GzipInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/** Parquet's compressions. It takes gzip from Hadoop, which need not be there, so gzip is read here. */
final class ParquetCodecs implements CompressionCodecFactory {
    private static final int PAGE_SIZE = 1 << 20; // a hint, for writers only

    private final CodecFactory others = new CodecFactory(new PlainParquetConfiguration(), PAGE_SIZE);

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName codec) {
        return codec == CompressionCodecName.GZIP ? new Gzip() : others.getDecompressor(codec);
    }

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName codec) {
        return others.getCompressor(codec);
    }

    @Override
    public void release() {
        others.release();
    }

    private static final class Gzip implements BytesInputDecompressor {
        @Override
        public BytesInput decompress(BytesInput bytes, int size) throws IOException {
            return BytesInput.from(unpack(bytes, size));
        }

        @Override
        public void decompress(ByteBuffer in, int packedSize, ByteBuffer out, int size) throws IOException {
            byte[] packed = new byte[packedSize];
            in.get(packed);
            out.put(unpack(BytesInput.from(packed), size));
        }

        private static byte[] unpack(BytesInput bytes, int size) throws IOException {
            try (InputStream in = new GzipInput(bytes.toInputStream())) {
                byte[] unpacked = in.readNBytes(size);
                if (unpacked.length < size) {
                    throw new IOException("a page has " + unpacked.length + " bytes, expected " + size);
                }
                return unpacked;
            }
        }

        @Override
        public void release() {}
    }
}
