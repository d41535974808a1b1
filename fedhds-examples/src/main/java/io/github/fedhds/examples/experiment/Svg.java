package io.github.fedhds.examples.experiment;

import java.util.Locale;

/**
 * A drawing as SVG text on a white background, element after element. Lengths are pixels, from the left and from the
 * top, rounded to a tenth. Equal calls give equal text. Not safe for many threads.
 */
public final class Svg {
    private static final double LETTER = 0.54; // mean width of a letter divided by its height, in sans-serif fonts

    /** A mark's outline: one per client, so that its marks can be identified in the server's view too. */
    public enum Shape {
        CIRCLE,
        SQUARE,
        TRIANGLE
    }

    private final StringBuilder text = new StringBuilder();

    public Svg(int width, int height, String title) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                        + " font-family=\"Helvetica, Arial, sans-serif\" role=\"img\">",
                width, height, width, height);
        add("<title>%s</title>", escape(title));
        add("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", width, height);
    }

    /** Opens a group of elements; its attributes apply to all of them. */
    public void open(String attributes) {
        add("<g %s>", attributes);
    }

    public void close() {
        add("</g>");
    }

    public void frame(double x, double y, double width, double height) {
        add(
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"#888888\"/>",
                x, y, width, height);
    }

    public void line(double x1, double y1, double x2, double y2) {
        add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x1, y1, x2, y2);
    }

    /** Filled shapes, as path data. */
    public void path(String data, String fill) {
        add("<path d=\"%s\" fill=\"%s\"/>", data, fill);
    }

    /** A mark with about the area of a circle of this radius. */
    public void mark(Shape shape, double x, double y, double radius, String attributes) {
        switch (shape) {
            case CIRCLE -> add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" %s/>", x, y, radius, attributes);
            case SQUARE -> {
                double half = radius * 0.9;
                add(
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" %s/>",
                        x - half, y - half, 2 * half, 2 * half, attributes);
            }
            case TRIANGLE ->
                add(
                        "<path d=\"M%.1f %.1fl%.1f %.1fh%.1fz\" %s/>",
                        x, y - 1.3 * radius, 1.2 * radius, 2 * radius, -2.4 * radius, attributes);
        }
    }

    /** A cross with a white outline, so that it is visible on marks. */
    public void cross(double x, double y, double radius) {
        String path = String.format(
                Locale.ROOT,
                "M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f",
                x - radius,
                y - radius,
                2 * radius,
                2 * radius,
                -2 * radius,
                -2 * radius,
                2 * radius);
        add("<path d=\"%s\" fill=\"none\" stroke=\"#ffffff\" stroke-width=\"4\"/>", path);
        add("<path d=\"%s\" fill=\"none\" stroke=\"#000000\" stroke-width=\"1.8\"/>", path);
    }

    public void text(double x, double y, int size, String attributes, String words) {
        add("<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" %s>%s</text>", x, y, size, attributes, escape(words));
    }

    /** Approximate width of a text. */
    public static double width(String words, int size) {
        return words.length() * size * LETTER;
    }

    private void add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escape(String words) {
        return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /** The drawing so far, closed. */
    @Override
    public String toString() {
        return text + "</svg>\n";
    }
}
