package io.github.fedhds.selection;

/**
 * A number of candidates, given as a count or as a share.
 *
 * @param share share of the candidates, above 0 to 1; 0 if a count is given
 * @param count number of candidates
 */
record Amount(double share, int count) {
    static Amount ofShare(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share of candidates must be above 0 and at most 1, was " + share);
        }
        return new Amount(share, 0);
    }

    static Amount ofCount(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("count of candidates must be 0 or more, was " + count);
        }
        return new Amount(0, count);
    }

    /** The number of candidates out of n; at most n. A share gives at least one, unless n is 0. */
    int of(int n) {
        // 1e-9: 0.29 * 100 is 28.999999999999996 in binary, and 29 candidates are meant.
        return Math.min(n, share > 0 ? Math.max(1, (int) (share * n + 1e-9)) : count);
    }

    @Override
    public String toString() {
        return share > 0 ? "share=" + share : "count=" + count;
    }
}
