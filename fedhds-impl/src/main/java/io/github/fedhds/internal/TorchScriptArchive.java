package io.github.fedhds.internal;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.FedHdsException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Compiles the TorchScript source of one class: creates the archive that torch loads, so that the library contains no
 * opaque file. The archive is a zip of stored entries: the source, a pickle of one object without attributes, an empty
 * tuple of constants, and the format's version.
 */
public final class TorchScriptArchive {
    private TorchScriptArchive() {}

    /**
     * Compiles a class without attributes.
     *
     * @param manager the module runs on its device
     * @param className name of the class
     * @param source its TorchScript, in the form in which torch saves it
     * @throws FedHdsException if torch rejects it
     */
    public static PtSymbolBlock compile(NDManager manager, String className, String source) {
        try {
            InputStream in = new ByteArrayInputStream(of(className, source));
            return JniUtils.loadModule((PtNDManager) manager, in, true, false);
        } catch (IOException e) {
            throw new FedHdsException("cannot compile the module " + className, e);
        }
    }

    private static byte[] of(String className, String source) throws IOException {
        // Pickle protocol 2: push the class, call it without arguments, set an empty state, stop.
        byte[] object = ("\u0080\u0002c__torch__\n" + className + "\n)\u0081}b.").getBytes(StandardCharsets.ISO_8859_1);
        byte[] noConstants = {(byte) 0x80, 2, ')', '.'};
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            store(zip, "module/data.pkl", object);
            store(zip, "module/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
            store(zip, "module/constants.pkl", noConstants);
            store(zip, "module/version", "10\n".getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
