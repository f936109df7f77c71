package candela.graph;

/**
 * Where in an image the tokens of a value are.
 *
 * @param pixels of each token its place among h rows of w, row by row; −1 for the class and others
 *     that are at none
 */
public record Layout(int h, int w, int[] pixels) {}
