package io.github.fedhds.examples.http;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.reflect.TypeToken;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokens of a server in its folder: {@code tokens.json} with the clients and the SHA-256 of their tokens, and {@code
 * tokens/CLIENT.token} with each token, to be handed to the client in secret and deleted here.
 */
public final class TokenFiles {
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();

    private TokenFiles() {}

    /**
     * Reads the tokens, or makes new ones if there are none.
     *
     * @param clients the clients of a new folder
     * @return the hashes by client, in the order of the clients
     * @throws FedHdsException if the files cannot be read or written, or the folder has other clients
     */
    public static Map<ClientId, String> open(Path folder, List<ClientId> clients) {
        Path file = folder.resolve("tokens.json");
        try {
            if (Files.exists(file)) {
                Map<String, String> saved =
                        PRETTY.fromJson(Files.readString(file), new TypeToken<LinkedHashMap<String, String>>() {});
                Map<ClientId, String> hashes = new LinkedHashMap<>();
                saved.forEach((client, hash) -> hashes.put(new ClientId(client), hash));
                if (!clients.isEmpty() && !clients.equals(List.copyOf(hashes.keySet()))) {
                    throw new FedHdsException(file + " is of the clients " + hashes.keySet() + ", not of " + clients
                            + "; name those, or another folder");
                }
                return hashes;
            }
            Map<ClientId, String> hashes = new LinkedHashMap<>();
            Map<String, String> saved = new LinkedHashMap<>();
            Path secrets = Files.createDirectories(folder.resolve("tokens"));
            for (Map.Entry<ClientId, String> token : Tokens.create(clients).entrySet()) {
                write(secrets.resolve(token.getKey() + ".token"), token.getValue() + "\n");
                hashes.put(token.getKey(), Tokens.hash(token.getValue()));
                saved.put(token.getKey().value(), Tokens.hash(token.getValue()));
            }
            write(file, PRETTY.toJson(saved) + "\n");
            return hashes;
        } catch (IOException | JsonParseException e) {
            throw new FedHdsException(folder + ": the tokens cannot be read or written: " + e.getMessage(), e);
        }
    }

    /** The token in a file. */
    public static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new FedHdsException(file + ": the token cannot be read: " + e.getMessage(), e);
        }
    }

    /** A file that only its owner may read, where the system has such rights. */
    private static void write(Path file, String text) throws IOException {
        Files.deleteIfExists(file);
        if (Files.getFileAttributeView(file.toAbsolutePath().getParent(), PosixFileAttributeView.class) != null) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        Files.writeString(file, text);
    }
}
