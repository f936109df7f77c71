package candela.study;

import candela.graph.Network;
import candela.image.Labels;
import candela.method.Preparation;

/**
 * A model of a study, loaded.
 *
 * @param output with the class scores, null for the first
 * @param labels of its classes, as the study's file or its own tells them; none where they do not
 *     fit
 */
public record Model(
    String name,
    String file,
    Network network,
    Preparation preparation,
    String output,
    Labels labels) {}
