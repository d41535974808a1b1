package io.github.fedhds.internal;

import java.util.Arrays;

/** The k smallest of the values added so far, in a heap with the largest of them on top. Not thread-safe. */
public final class LeastValues {
    private final double[] heap;

    /** Keeps k values, 1 or more. */
    public LeastValues(int k) {
        heap = new double[k];
        clear();
    }

    /** Removes all values. */
    public void clear() {
        Arrays.fill(heap, Double.POSITIVE_INFINITY);
    }

    /** The k-th smallest value; infinite if there are fewer. */
    public double largest() {
        return heap[0];
    }

    /** Adds a value; O(log k) if it is among the k smallest. */
    public void add(double value) {
        if (!(value < heap[0])) {
            return;
        }
        int place = 0;
        int child = 1;
        while (child < heap.length) {
            if (child + 1 < heap.length && heap[child + 1] > heap[child]) {
                child++;
            }
            if (heap[child] <= value) {
                break;
            }
            heap[place] = heap[child];
            place = child;
            child = 2 * place + 1;
        }
        heap[place] = value;
    }
}
