package candela.study;

import candela.graph.Network;
import candela.method.Preparation;

/**
 * A model of a study, loaded.
 *
 * @param output with the class scores, null for the first
 */
public record Model(
    String name, String file, Network network, Preparation preparation, String output) {}
