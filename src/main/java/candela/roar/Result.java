package candela.roar;

/**
 * What a training came to.
 *
 * @param accuracy share of the test pictures, changed as the training pictures were
 * @param seconds that it took, those before a kill included
 * @param model SHA-256 of the file of the model that is explained; null of all other trainings
 */
public record Result(Training training, double accuracy, double seconds, String model) {}
