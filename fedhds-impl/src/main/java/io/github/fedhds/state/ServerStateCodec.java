package io.github.fedhds.state;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;

/**
 * A server's state as bytes and back, for applications that keep it in a database or an object store; {@link ServerStore} keeps
 * it in a folder. The form is safetensors with a version and a SHA-256 over all of it. Equal states give equal bytes, on every
 * machine, and every bit of a number comes back.
 *
 * <p>Reading trusts no count in the bytes. Heap beside the state: its longest tensor or text, and up to 16 times the header,
 * which holds the tensors' names. Time is that of SHA-256 and of one pass over the numbers. Safe for many threads.
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The container</a>
 */
public final class ServerStateCodec {
    private ServerStateCodec() {}

    /**
     * The bytes of a state, for states that memory can hold twice.
     *
     * @throws IllegalArgumentException if a setting or a tensor's name holds half of a surrogate pair
     */
    public static byte[] encode(ServerState state) {
        return encode(SavedRun.of(state));
    }

    /** The bytes of a run with what the application keeps beside; see {@link #encode(ServerState)}. */
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
     * Reads a state; what the application saved beside it is left out.
     *
     * @throws InvalidStateException if the bytes are no saved state, whole and of this version
     */
    public static ServerState decode(byte[] bytes) {
        return decodeRun(bytes).server();
    }

    /**
     * Reads a run.
     *
     * @throws InvalidStateException if the bytes are no saved state, whole and of this version
     */
    public static SavedRun decodeRun(byte[] bytes) {
        return SavedRunForm.read("the state", bytes);
    }
}
