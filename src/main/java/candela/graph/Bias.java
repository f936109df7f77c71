package candela.graph;

/**
 * The bias of a layer with a place: a convolution with what scales and shifts its channels right
 * behind it, or a batch normalisation by itself.
 *
 * @param value the model's name of what the layer gives, of rank 4, before any activation
 * @param axis its channels
 * @param channels one a channel; not to be changed
 */
public record Bias(String value, int axis, double[] channels) {}
