package candela.bench;

/**
 * A piece of work.
 *
 * @param work gradient, latency, latency-copies, smoothgrad, sliding or rate
 * @param network name of the model file, without .onnx
 * @param batch rows of a batch
 * @param samples noisy copies of an image (smoothgrad)
 * @param images how many images are explained (smoothgrad)
 * @param patch side of the patch in pixels (sliding)
 * @param stride of the patch in pixels (sliding)
 * @param warmup seconds of runs before the first that is timed; 0 for none
 * @param repeats timed runs at most
 * @param seconds after which no further repeat starts; the first always runs
 */
record CudaAsk(
    String work,
    String network,
    int batch,
    int samples,
    int images,
    int patch,
    int stride,
    double warmup,
    int repeats,
    double seconds) {}
