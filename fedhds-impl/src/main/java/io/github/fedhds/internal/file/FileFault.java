package io.github.fedhds.internal.file;

import io.github.fedhds.FedHdsException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** Creates the error for a file that cannot be used: what failed and why, without Java terms. */
public final class FileFault {
    private FileFault() {}

    /**
     * The error for an I/O exception, which becomes its cause.
     *
     * @param what what failed, such as {@code "cannot be read"}
     */
    public static FedHdsException of(Path file, String what, IOException e) {
        return of(file.toString(), what, e);
    }

    /** The same for a name that need not be a path. */
    public static FedHdsException of(String file, String what, IOException e) {
        String reason = reason(file, e);
        return new FedHdsException(
                file + ": " + (e instanceof CharacterCodingException ? reason : what + ": " + reason), e);
    }

    /** Why a file cannot be used. Includes the exception's path if it is a different one. */
    public static String reason(Path file, IOException e) {
        return reason(file.toString(), e);
    }

    public static String reason(String file, IOException e) {
        if (e instanceof Utf8Reader.NotUtf8Exception) {
            return String.valueOf(e.getMessage());
        }
        if (e instanceof CharacterCodingException) {
            return "is not UTF-8";
        }
        if (e instanceof ClosedByInterruptException) {
            return "the thread was interrupted";
        }
        if (e instanceof ClosedChannelException) {
            return "the file was closed meanwhile";
        }
        if (e instanceof EOFException) {
            return "the file ends too early; was it cut off?";
        }
        if (e instanceof FileSystemException failure) {
            return reason(file, failure);
        }
        if (e instanceof FileNotFoundException) {
            return missing(file);
        }
        return e.getMessage() == null ? "the operating system gives no reason" : e.getMessage();
    }

    private static String reason(String file, FileSystemException e) {
        String named = e.getFile() == null ? file : e.getFile();
        String other = named.equals(file) ? "" : " (" + named + ")";
        if (e instanceof NoSuchFileException) {
            return missing(named);
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied" + other;
        }
        if (e instanceof FileAlreadyExistsException) {
            return "a file of this name is in the way" + other;
        }
        if (e instanceof NotDirectoryException) {
            return "it is a file, not a folder" + other;
        }
        if (e instanceof DirectoryNotEmptyException) {
            return "the folder is not empty" + other;
        }
        if (e instanceof FileSystemLoopException) {
            return "its links form a loop" + other;
        }
        return (e.getReason() == null ? "the operating system gives no reason" : e.getReason()) + other;
    }

    /** Includes the working folder of a relative path, and the parent folder if it is missing. */
    private static String missing(String name) {
        Path file = Path.of(name);
        Path parent = file.toAbsolutePath().getParent();
        String folder = parent == null || Files.isDirectory(parent) ? "" : "; there is no folder " + parent;
        String working = file.isAbsolute()
                ? ""
                : "; the working folder is " + Path.of("").toAbsolutePath();
        return "there is no such file" + folder + working;
    }
}
