package io.github.fedhds.examples.cli;

import picocli.CommandLine.IVersionProvider;

/** The version of the library. */
final class Versions implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"fedhds " + library()};
    }

    /** Of the jar's manifest; classes outside a jar have none. */
    static String library() {
        String version = Versions.class.getPackage().getImplementationVersion();
        return version == null ? "(built from source)" : version;
    }
}
