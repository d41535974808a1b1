package io.github.fedhds.clustering;

/** The hierarchies, which all have to give equal clusters. */
enum By {
    ELKI,
    PRIM,
    BORUVKA;

    Hierarchy hierarchy() {
        return switch (this) {
            case ELKI -> new ElkiHierarchy();
            case PRIM -> new PrimHierarchy();
            case BORUVKA -> new BoruvkaHierarchy(2);
        };
    }
}
