package io.github.fedhds.state;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;

/**
 * Converts a server's state to bytes and back, for applications that keep it in a database or an object store;
 * {@link ServerStore} keeps it in a folder. The format is safetensors with a version and a SHA-256 over the whole.
 * Equal states give equal bytes on every machine, and numbers are restored bit for bit.
 *
 * <p>Reading trusts no count in the bytes. Heap in addition to the state: its longest tensor or text, and up to 16
 * times the header, which contains the names of the tensors. Time: SHA-256 and one pass over the numbers. Safe for many
 * threads.
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The container</a>
 */
public final class ServerStateCodec {
    private ServerStateCodec() {}

    /**
     * Encodes a state. Needs memory for a second copy of it.
     *
     * @throws IllegalArgumentException if a setting or a tensor's name has an unpaired surrogate
     */
    public static byte[] encode(ServerState state) {
        return encode(SavedRun.of(state));
    }

    /** Encodes a run with the data of the application; see {@link #encode(ServerState)}. */
    public static byte[] encode(SavedRun run) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            SavedRunForm.write(run, Channels.newChannel(bytes));
        } catch (IOException e) {
            throw new FedHdsException("cannot write to memory", e);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads a state; ignores the data of the application.
     *
     * @throws InvalidStateException if the bytes are not a complete saved state of this version
     */
    public static ServerState decode(byte[] bytes) {
        return decodeRun(bytes).server();
    }

    /**
     * Reads a run.
     *
     * @throws InvalidStateException if the bytes are not a complete saved state of this version
     */
    public static SavedRun decodeRun(byte[] bytes) {
        return SavedRunForm.read("the state", bytes);
    }
}
