package io.github.fedhds.internal.gguf;

/**
 * Where a tensor is in its file.
 *
 * @param type how its numbers are packed
 * @param shape lengths of the axes as in torch: the last one is contiguous
 * @param start position of its first byte
 * @param bytes number of its bytes
 */
record GgufTensor(GgufType type, int[] shape, long start, long bytes) {
    GgufTensor at(long newStart) {
        return new GgufTensor(type, shape, newStart, bytes);
    }
}
