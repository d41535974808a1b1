package io.github.fedhds.internal.safetensors;

import java.nio.ByteBuffer;

/**
 * A quantized matrix as blocks of bytes, rows in the order of Hugging Face, {@code [outputs, inputs]}.
 *
 * @param bytes the blocks, row by row; {@code rows * blocks * blockBytes} bytes
 * @param rows number of rows
 * @param blocks blocks of a row
 * @param blockBytes bytes of a block
 */
public record PackedMatrix(ByteBuffer bytes, int rows, int blocks, int blockBytes) {}
