package io.github.fedhds.examples.http;

import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** TLS with keys and certificates of a file, as {@code keytool} or {@code openssl} make it. */
public final class Tls {
    private Tls() {}

    /**
     * The context of a server or a client.
     *
     * @param store PKCS #12 file with one private key and its certificate, and the certificates that are trusted
     * @param passwordFile file with its password in the first line
     * @throws FedHdsException if a file cannot be read, or the password is wrong
     */
    public static SSLContext of(Path store, Path passwordFile) {
        try (InputStream in = Files.newInputStream(store)) {
            char[] password = Files.readAllLines(passwordFile).stream()
                    .findFirst()
                    .orElse("")
                    .toCharArray();
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, password);
            KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            own.init(keys, password);
            TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trusted.init(keys);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own.getKeyManagers(), trusted.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new FedHdsException(
                    store + " cannot be used as a PKCS #12 file with the password in " + passwordFile + ": "
                            + e.getMessage(),
                    e);
        }
    }
}
