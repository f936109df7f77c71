package candela.roar;

/**
 * What a training came to.
 *
 * @param accuracy share of the test pictures, changed as the training pictures were
 * @param seconds that it took, those before a kill included
 */
public record Result(Training training, double accuracy, double seconds) {}
