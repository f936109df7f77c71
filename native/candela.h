/*
 * The contract between Java and the native libraries: libcandela_cpu.so and libcandela_cuda.so export the same
 * symbols. Every entry returns 0 or a status below; the words to it are in cd_last_error() of the same thread.
 *
 * Layout: one declaration may span lines, but its name stands in the line that starts with its return type.
 */
#ifndef CANDELA_H
#define CANDELA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifndef CD_HIDDEN
#pragma GCC visibility push(default)
#endif

/* CD_INVALID: an argument outside its range. CD_MEMORY: no memory left. CD_DEVICE: driver, card or oneDNN failed. */
enum { CD_OK = 0, CD_INVALID = 1, CD_MEMORY = 2, CD_DEVICE = 3, CD_INTERNAL = 4 };

/* Where work is queued: a thread count on the CPU, a CUDA stream on a card. One thread uses it at a time. */
typedef struct cd_stream cd_stream;

/* Version of this header: 1000 * major + minor. */
int cd_version(void);

/* Why the last failed call of this thread failed; "" if none did. Valid until the next call of this thread. */
const char* cd_last_error(void);

/* Instruction set that the kernels run with: "x86-64-v4", "x86-64-v3", "x86-64-v2", "generic", "cuda". */
const char* cd_level(void);

/* count = usable devices: 1 on the CPU; CUDA: cards, CD_DEVICE with the driver's code where there is no driver. */
int cd_device_count(int* count);

/* threads = threads of every kernel on this stream, the caller counted in, 1 or more; CUDA reads it as the card's index + 1.
   queue: CUDA: the CUstream of that card's primary context that work is queued on, which the caller keeps; CPU: NULL. */
int cd_stream_create(int threads, void* queue, cd_stream** out);

/* Waits for all work queued on the stream. */
int cd_stream_wait(cd_stream* stream);

/* Waits, then frees; NULL is allowed. */
int cd_stream_destroy(cd_stream* stream);

/* ---- kinds ---- */

/* Functions of one element; alpha and beta are their parameters. GELU with alpha 1 is its tanh approximation, SELU is
   beta * (x > 0 ? x : alpha * (e^x - 1)), HARD_SIGMOID clamps alpha * x + beta to 0..1, CLIP to alpha..beta, LINEAR is
   alpha * x + beta, ROUND goes to even, TRUNCATE is a cast to an integer, BOOLEAN to a truth value, SHRINK takes
   beta from what is more than alpha from 0, and all from what is not, QUANTIZE gives the nearest multiple of alpha, or of
   beta times the power of two below |x| where that is more, and lets the slope pass. */
enum {
  CD_ABS, CD_NEG, CD_EXP, CD_LOG, CD_SQRT, CD_RECIPROCAL, CD_SIGMOID, CD_TANH, CD_ERF, CD_GELU, CD_SOFTPLUS,
  CD_SOFTSIGN, CD_MISH, CD_SWISH, CD_HARD_SIGMOID, CD_HARD_SWISH, CD_ELU, CD_SELU, CD_CELU, CD_LEAKY_RELU,
  CD_THRESHOLDED_RELU, CD_CLIP, CD_SIGN, CD_FLOOR, CD_CEIL, CD_ROUND, CD_NOT, CD_TRUNCATE, CD_BOOLEAN, CD_SIN, CD_COS,
  CD_TAN, CD_ASIN, CD_ACOS, CD_ATAN, CD_SINH, CD_COSH, CD_ASINH, CD_ACOSH, CD_ATANH, CD_SHRINK, CD_RELU, CD_LINEAR,
  CD_QUANTIZE, CD_UNARY_KINDS
};

/* Functions of two elements; truth values are 0 and 1. PRELU is a < 0 ? a * b : a, MOD is fmod, INTEGER_DIV rounds
   towards zero. */
enum {
  CD_ADD, CD_SUB, CD_MUL, CD_DIV, CD_POW, CD_MAX, CD_MIN, CD_PRELU, CD_EQUAL, CD_LESS, CD_GREATER, CD_LESS_EQUAL,
  CD_GREATER_EQUAL, CD_AND, CD_OR, CD_XOR, CD_MOD, CD_INTEGER_DIV, CD_BINARY_KINDS
};

enum { CD_REDUCE_SUM, CD_REDUCE_MEAN, CD_REDUCE_MAX, CD_REDUCE_MIN, CD_REDUCE_PROD, CD_REDUCE_KINDS };
enum { CD_CHANNELS_SUM, CD_CHANNELS_SUM_ABSOLUTE, CD_CHANNELS_MAX_ABSOLUTE, CD_CHANNELS_MEAN, CD_CHANNELS_KINDS };

/* How values are stored: as float, or rounded to nearest, ties to even, to the 8 significant bits of bfloat16 or the 11 of
   IEEE half precision. Entries that take a type read and write void pointers of it, and compute in float. */
enum { CD_FLOAT32, CD_BFLOAT16, CD_FLOAT16 };

/* Which number of a class is its score: the logit z; exp z over the sum of all classes', and its logarithm; where each class
   is right or not by itself, 1 / (1 + exp -z), and its logarithm. */
enum { CD_LOGIT, CD_PROBABILITY, CD_LOG_PROBABILITY, CD_OWN_PROBABILITY, CD_LOG_OWN_PROBABILITY };

/* ---- elementwise ---- */

/* y[n] = kind(x[n]) with parameters alpha and beta. y may alias x. */
int cd_unary_forward(cd_stream* stream, int kind, float alpha, float beta, int64_t n, const float* x, float* y);

/* dx[n] (+)= dy[n] * kind'(x[n]). x or y may be NULL where the kind does not read it; dx may alias dy. */
int cd_unary_backward(cd_stream* stream, int kind, float alpha, float beta, int accumulate, int64_t n, const float* x,
                      const float* y, const float* dy, float* dx);

/* y[rows,n] = x clamped to lo..hi, NaN kept; bits[rows,ceil(n/8)] (or NULL): lo < x < hi, lowest bit first. y may
   alias x. */
int cd_rectify_forward(cd_stream* stream, int type, int64_t rows, int64_t n, float lo, float hi, const void* x, void* y,
                       uint8_t* bits);

/* dx[rows,n] (+)= dy[rows,n] where the bit of bits[rows,ceil(n/8)] is set, else 0. dx may alias dy. */
int cd_rectify_backward(cd_stream* stream, int type, int64_t rows, int64_t n, int accumulate, const uint8_t* bits,
                        const void* dy, void* dx);

/* y[n] = a[n] + b[n]. y may alias a or b. */
int cd_add(cd_stream* stream, int type, int64_t n, const void* a, const void* b, void* y);

/* y[n] = value. */
int cd_fill(cd_stream* stream, int type, int64_t n, float value, void* y);

/* ---- convert ---- */

/* y[n] (of type to) (+)= scale * x[n] (of type from). No overlap. */
int cd_convert(cd_stream* stream, int from, int to, int accumulate, float scale, int64_t n, const void* x, void* y);

/* y[n] = x[n], rounded to the 11 significant bits of TF32: to nearest, ties to even; beyond the largest it is infinity.
   y may be x. */
int cd_round_tf32(cd_stream* stream, int64_t n, const float* x, float* y);

/* ---- gate ---- */

/* What follows the sum of a convolution or product. CLIP clamps to alpha..beta, LEAKY has slope alpha >= 0 below 0. The
   bits of an activation: per row (image or matrix row of n elements) ceil(n/8) bytes, lowest bit first, set where y > 0,
   CLIP: alpha < y < beta. */
enum { CD_ACTIVATION_NONE, CD_ACTIVATION_RELU, CD_ACTIVATION_CLIP, CD_ACTIVATION_LEAKY };

/* Rows are pixels of `channels` elements, n in all, that begin `wide` elements apart, in every row alike. y: apply: the
   activation of itself, else as it left it; bits[rows,ceil(n/8)] (or NULL) of the activation. */
int cd_gate_forward(cd_stream* stream, int type, int kind, float alpha, float beta, int apply, int64_t rows, int64_t n,
                    int64_t channels, int64_t wide, void* y, uint8_t* bits);

/* g[rows,n] = dy, seen as y above, where the bit is set, slope times dy elsewhere. g may be dy where wide is channels. */
int cd_gate_backward(cd_stream* stream, int type, int kind, float alpha, float beta, int64_t rows, int64_t n,
                     int64_t channels, int64_t wide, const void* dy, const uint8_t* bits, void* g);

/* g[n] = g where y[n], which the activation left, has the bit set, slope times g elsewhere. No overlap. */
int cd_gate_sift(cd_stream* stream, int type, int kind, float alpha, float beta, int64_t n, const void* y, void* g);

/* ---- convolve ---- */

/* Convolutions and what follows them. Images are channels-last; shape[12] = h, w, c, oc, kh, kw, strideH, strideW, padTop,
   padLeft, oh, ow is read before the call returns. Pixels begin `wide` >= c elements apart in x, yWide >= oc in y and in
   what is read at y's pixels. What a window holds outside its image counts as 0. */

/* Variants of cd_convolve and cd_convolve_transposed. */
enum { CD_CONVOLVE_VARIANTS = 20 };

/* blocks[CD_CONVOLVE_VARIANTS] in host memory = the blocks of 128 or 256 threads that each variant occupies a card with, 0
   where it does not do the shape: c, oc, wide and yWide must be multiples of 4, kh and kw at most 16, of a transpose the
   taps that reach one of its pixels. Variant 4 t + s shares the sums of a tile of pixels x channels among 2^s blocks, on
   cards of compute capability 9.0 on; s > 0 needs as many steps as blocks, each 32 channels of a tap. t = 0 … 4 is
   128 x 128, 128 x 64, 64 x 64, 64 x 32, 32 x 64. Both libraries tell the same. */
int cd_convolve_blocks(cd_stream* stream, int64_t rows, const int* shape, int64_t wide, int64_t yWide, int64_t* blocks);

/* y[rows,oh,ow,oc] = end of sum over kh, kw, c of x[rows,h,w,c] * weights[oc,kh,kw,c] + bias[oc] + add[rows,oh,ow,oc], each
   of the latter NULL for none, add maybe y. The end: the activation; or, where gate is not NULL, a gradient behind the
   activation: all of it where gate[rows,oh,ow,oc], what the activation left, shows that it passed (RELU, LEAKY: > 0; CLIP:
   between alpha and beta), else 0, LEAKY: alpha times it. variant -1: plain sums in float. The others compute in tensor
   cores: factors rounded to nearest 11 significant bits, sums in float, but at compute capability 9.0 the first three tiles
   cut weights off there: give them rounded, cd_round_tf32; pointers are aligned to 16 bytes, weights finite; on the CPU
   they are variant -1. y overlaps nothing else. */
int cd_convolve(cd_stream* stream, int variant, int kind, float alpha, float beta, int64_t rows, const int* shape, int64_t wide,
                int64_t yWide, const float* x, const float* weights, const float* bias, const float* add, const float* gate,
                float* y);

/* The same of cd_convolve_transposed; strideH * strideW is at most 4. */
int cd_convolve_transposed_blocks(cd_stream* stream, int64_t rows, const int* shape, int64_t gWide, int64_t* blocks);

/* dx[rows,h,w,c] = the transpose of the convolution of this shape on g[rows,oh,ow,oc], whose pixels begin gWide >= oc elements
   apart, + add[rows,h,w,c], NULL for none, maybe dx; behind the gate[rows,h,w,c] of the activation, NULL for
   CD_ACTIVATION_NONE. weights: for each pixel (a, b) of a window of the strides, row by row, [c,th,tw,oc] of those taps that
   reach such pixels: (a + padTop) % strideH, and every strideH on, in reverse; likewise across; none where there are none of
   either. variant as above. */
int cd_convolve_transposed(cd_stream* stream, int variant, int kind, float alpha, float beta, int64_t rows, const int* shape,
                           int64_t gWide, const float* g, const float* weights, const float* add, const float* gate, float* dx);

/* ---- transpose_few ---- */

/* The transpose of a convolution of few channels, the gradient at a network's input: strides of 1 to 4, kernels of at most
   16 x 16 taps, no dilation, one group. Images are channels-last; shape[12] = h, w, c <= 4, oc, kh, kw, strideH, strideW,
   padTop, padLeft, oh, ow is read before the call returns. */

/* floats[1] in host memory = how many the arranged weights of such a convolution are. */
int cd_transpose_few_size(cd_stream* stream, const int* shape, int64_t* floats);

/* arranged[floats] = weights[oc,c,kh,kw] in the order that cd_transpose_few reads them in, with zeros between. No overlap. */
int cd_transpose_few_arrange(cd_stream* stream, const int* shape, const float* weights, float* arranged);

/* dx[rows,h,w,c] (+)= the transpose on g[rows,oh,ow,oc]. On a card tensor cores compute it where oc is a multiple of 4, g and
   arranged are aligned to 16 bytes and an image has fewer than 2^30 elements: factors rounded to nearest 11 significant
   bits, sums in float; what is not finite in g then spreads to pixels around. Else it is computed in
   float. A row's bits do not depend on the others. No overlap. */
int cd_transpose_few(cd_stream* stream, int accumulate, int64_t rows, const int* shape, const float* g,
                     const float* arranged, float* dx);

/* ---- convolve_few ---- */

/* Convolutions of 1 to 4 channels, as a network's first layer is. Images are channels-last; shape[12] = h, w, c, oc, kh, kw,
   strideH, strideW, padTop, padLeft, oh, ow is read before the call returns: c <= 4, kh and kw <= 16, strides <= 4. The
   pixels of y begin `wide` >= oc elements apart, all else is dense. What a window holds outside its image counts as 0. */

/* Variants of cd_convolve_few. */
enum { CD_CONVOLVE_FEW_VARIANTS = 6 };

/* bytes[CD_CONVOLVE_FEW_VARIANTS] in host memory = the shared memory that a block of each variant takes, -1 where it does not
   do the shape: oc and wide must be multiples of 4, bytes at most 227 KiB. A variant is a tile of pixels x channels: 0 … 5
   is 256 x 64, 128 x 64, 64 x 64, 256 x 32, 128 x 32, 64 x 32. Both libraries tell the same. */
int cd_convolve_few_shared(cd_stream* stream, int64_t rows, const int* shape, int64_t wide, int64_t* bytes);

/* arranged[kh * ceil(kw * c / 8) * ceil(oc / 16) * 128] = weights[oc,c,kh,kw], rounded to nearest 11 significant bits, in
   the order in which cd_convolve_few reads them, with zeros between. No overlap. */
int cd_convolve_few_weights(cd_stream* stream, const int* shape, const float* weights, float* arranged);

/* y[rows,oh,ow,oc] = activation of bias[oc] (or NULL) + sum over kh, kw, c of x[rows,h,w,c] * weights arranged as above.
   variant -1: plain sums in float. The others compute in tensor cores: x rounded to nearest 11 significant bits, sums in
   float; arranged, bias and y are aligned to 16 bytes; all give the same bits; CD_DEVICE where the card has too little
   shared memory; on the CPU they are variant -1. y overlaps none. */
int cd_convolve_few(cd_stream* stream, int variant, int kind, float alpha, float beta, int64_t rows, const int* shape,
                    int64_t wide, const float* x, const float* arranged, const float* bias, float* y);

/* ---- widen ---- */

/* y[pixels,wide] = x[pixels,c] with zeros behind it. No overlap. */
int cd_widen(cd_stream* stream, int type, int64_t pixels, int64_t c, int64_t wide, const void* x, void* y);

/* y[pixels,c] (+)= the first c of x[pixels,wide]. No overlap. */
int cd_narrow(cd_stream* stream, int type, int accumulate, int64_t pixels, int64_t c, int64_t wide, const void* x,
              void* y);

/* ---- fold ---- */

/* dx[images,h,w,c] (+)= the sum, over the windows that hold a pixel, of their tap on it: p[images,oh,ow,columns], tap
   (a, b) and channel k of a window standing at column (a * kw + b) * c + k; c <= 4, columns >= kh * kw * c. window[10] as
   for pooling, kernel first. No overlap. */
int cd_fold(cd_stream* stream, int type, int accumulate, int64_t images, int64_t h, int64_t w, int64_t c,
            const int* window, int64_t columns, const void* p, void* dx);

/* ---- broadcast ---- */

/* Two operands that broadcast. rank <= 8; dims[rank] and strides[rank] (in elements, 0 where an operand is repeated)
   are read before the call returns. */

/* y[dims] = kind(a, b), each seen through its strides. y may alias an operand that is not repeated. */
int cd_binary_forward(cd_stream* stream, int kind, int rank, const int* dims, const int* aStrides,
                      const int* bStrides, const float* a, const float* b, float* y);

/* dx (+)= gradient of operand which (0 a, 1 b), summed over the positions that repeat it; dy[dims]; dx is dense in
   that operand's own shape. a, b may be NULL where the kind does not read them; dx may alias dy when no operand is
   repeated. */
int cd_binary_backward(cd_stream* stream, int kind, int which, int accumulate, int rank, const int* dims,
                       const int* aStrides, const int* bStrides, const float* a, const float* b, const float* dy,
                       float* dx);

/* y[dims] = c != 0 ? a : b, each seen through its strides. y may alias an operand that is not repeated. */
int cd_where_forward(cd_stream* stream, int rank, const int* dims, const int* cStrides, const int* aStrides,
                     const int* bStrides, const float* c, const float* a, const float* b, float* y);

/* dx (+)= dy[dims] where c chose operand which (1 a, 2 b), summed over the positions that repeat it; oStrides[rank]
   are that operand's. */
int cd_where_backward(cd_stream* stream, int which, int accumulate, int rank, const int* dims, const int* cStrides,
                      const int* oStrides, const float* c, const float* dy, float* dx);

/* y[rows,channels] = x * scale[channels] + shift[channels]. y may alias x. */
int cd_affine_forward(cd_stream* stream, int type, int64_t rows, int64_t channels, const void* x, const float* scale,
                      const float* shift, void* y);

/* dx[rows,channels] (+)= dy * scale[channels]. dx may alias dy. */
int cd_affine_backward(cd_stream* stream, int type, int64_t rows, int64_t channels, int accumulate, const float* scale,
                       const void* dy, void* dx);

/* ---- reduce ---- */

/* y[outer,inner] = kind over n of x[outer,n,inner]; n = 0 gives 0, NaN (mean), -inf (max), inf (min) or 1. No
   overlap. */
int cd_reduce_forward(cd_stream* stream, int kind, int64_t outer, int64_t n, int64_t inner, const float* x, float* y);

/* dx[outer,n,inner] (+)= dy[outer,inner] * dy/dx; maximum and minimum: to the first element that equals y. x, y may
   be NULL for sum and mean. No overlap. */
int cd_reduce_backward(cd_stream* stream, int kind, int accumulate, int64_t outer, int64_t n, int64_t inner,
                       const float* x, const float* y, const float* dy, float* dx);

/* y[n] = kind over channels of x[channels,n], added in doubles in their order: sum, sum of absolute values, largest
   absolute value, mean; NaN where one is. No overlap. */
int cd_reduce_channels(cd_stream* stream, int kind, int64_t channels, int64_t n, const float* x, float* y);

/* y[outer,inner] = index over n of the first (last: last) maximum or minimum of x[outer,n,inner], as a float. NaN
   counts as the extreme. No overlap. */
int cd_arg_reduce(cd_stream* stream, int kind, int last, int64_t outer, int64_t n, int64_t inner, const float* x,
                  float* y);

/* y[outer,k,inner] = indices over n of the k largest (largest = 0: smallest) of x[outer,n,inner], as floats: the extreme
   one first, of equal ones the first. NaN counts as the largest. k is at most n. No overlap. */
int cd_top(cd_stream* stream, int largest, int64_t outer, int64_t n, int64_t inner, int64_t k, const float* x, float* y);

/* ---- softmax ---- */

/* y[rows,n] = softmax (log: its logarithm) of x[rows,n]. y may alias x. */
int cd_softmax_forward(cd_stream* stream, int log, int64_t rows, int64_t n, const float* x, float* y);

/* dx[rows,n] (+)= gradient from y and dy[rows,n]. dx may alias dy. */
int cd_softmax_backward(cd_stream* stream, int log, int accumulate, int64_t rows, int64_t n, const float* y,
                        const float* dy, float* dx);

/* ---- norm ---- */

/* y[rows,n] = (x - mean) / sqrt(variance + epsilon) * scale[n] + shift[n]; stats[rows,2] = mean, 1/deviation. scale,
   shift, stats may be NULL. y may alias x. */
int cd_layer_norm_forward(cd_stream* stream, int64_t rows, int64_t n, float epsilon, const float* x,
                          const float* scale, const float* shift, float* y, float* stats);

/* dx[rows,n] (+)= gradient from x, stats[rows,2] and dy[rows,n]. scale may be NULL; dx may alias dy. */
int cd_layer_norm_backward(cd_stream* stream, int accumulate, int64_t rows, int64_t n, const float* x,
                           const float* scale, const float* stats, const float* dy, float* dx);

/* Batch normalisation of x[m,channels]: y = (x - mean) / sqrt(variance + epsilon) * scale + shift (+ residual, unless
   NULL), relu: where that is positive, else 0. training: with mean and variance of x itself, after which mean[channels]
   and variance[channels] move by momentum towards these, the variance times m/(m-1); else with mean and variance as they
   are. stats[2,channels] = mean, 1/deviation that were used. scratch[2*(ceil(m/128)+1)*channels]. y may alias residual;
   backward reads x. */
int cd_batch_norm_forward(cd_stream* stream, int training, int relu, int64_t m, int64_t channels, float epsilon,
                          float momentum, const float* x, const float* scale, const float* shift,
                          const float* residual, float* mean, float* variance, float* scratch, float* y,
                          float* stats);

/* g = dy[m,channels] where relu let it pass (y > 0), dx (+)= gradient of x, training: through mean and variance too;
   dresidual (+)= g, dscale, dshift[channels] (+)= gradients; each may be NULL. accumulate: bits 1 dx, 2 dresidual,
   4 dscale, 8 dshift. y is read with relu only. dresidual may alias dy unless it accumulates. */
int cd_batch_norm_backward(cd_stream* stream, int training, int relu, int accumulate, int64_t m, int64_t channels,
                           const float* x, const float* y, const float* scale, const float* stats, const float* dy,
                           float* scratch, float* dx, float* dresidual, float* dscale, float* dshift);

/* As layer_norm over the pixels of each channel: x, y[images,pixels,channels], scale, shift[channels],
   stats[images,channels,2]. */
int cd_instance_norm_forward(cd_stream* stream, int64_t images, int64_t pixels, int64_t channels, float epsilon,
                             const float* x, const float* scale, const float* shift, float* y, float* stats);

/* dx[images,pixels,channels] (+)= gradient. scale may be NULL; dx may alias dy. */
int cd_instance_norm_backward(cd_stream* stream, int accumulate, int64_t images, int64_t pixels, int64_t channels,
                              const float* x, const float* scale, const float* stats, const float* dy, float* dx);

/* As layer_norm over the pixels and the channels of each group: x, y[images,pixels,channels], scale, shift[channels],
   stats[images,groups,2]. */
int cd_group_norm_forward(cd_stream* stream, int64_t images, int64_t pixels, int64_t channels, int64_t groups,
                          float epsilon, const float* x, const float* scale, const float* shift, float* y,
                          float* stats);

/* dx[images,pixels,channels] (+)= gradient. scale may be NULL; dx may alias dy. */
int cd_group_norm_backward(cd_stream* stream, int accumulate, int64_t images, int64_t pixels, int64_t channels,
                           int64_t groups, const float* x, const float* scale, const float* stats, const float* dy,
                           float* dx);

/* y[pixels,channels] = x / (bias + alpha / size * sum of x^2 over the size (1..63) channels around)^beta, as ONNX
   defines it. No overlap. */
int cd_lrn_forward(cd_stream* stream, int64_t pixels, int64_t channels, int64_t size, float alpha, float beta,
                   float bias, const float* x, float* y);

/* dx[pixels,channels] (+)= gradient from x, y and dy. No overlap. */
int cd_lrn_backward(cd_stream* stream, int accumulate, int64_t pixels, int64_t channels, int64_t size, float alpha,
                    float beta, float bias, const float* x, const float* y, const float* dy, float* dx);

/* ---- pool ---- */

/* Pooling of channels-last images. window[10] = kh, kw, strides, dilations (each: down, across), padTop, padLeft, oh,
   ow is read before the call returns. */

/* y[images,oh,ow,c] = max over windows of x[images,h,w,c]; which[images,oh,ow,c] (or NULL) = index in the kh*kw
   window of the first maximum, in whichBytes 1 (kh*kw <= 256) or 4. A window outside the image gives -inf. No
   overlap. */
int cd_max_pool_forward(cd_stream* stream, int type, int64_t images, int64_t h, int64_t w, int64_t c, const int* window,
                        const void* x, void* y, void* which, int whichBytes);

/* dx[images,h,w,c] (+)= sum of the dy[images,oh,ow,c] whose window chose the pixel. No overlap. */
int cd_max_pool_backward(cd_stream* stream, int type, int accumulate, int64_t images, int64_t h, int64_t w, int64_t c,
                         const int* window, const void* which, int whichBytes, const void* dy, void* dx);

/* x[images,h,w,c] = v[images,oh,ow,c] of the last window, row by row, that chose the pixel, 0 where none did: unlike
   max_pool_backward, windows that share a winner are not added. No overlap. */
int cd_max_unpool(cd_stream* stream, int64_t images, int64_t h, int64_t w, int64_t c, const int* window,
                  const void* which, int whichBytes, const float* v, float* x);

/* y[images,oh,ow,c] = sum over windows of x[images,h,w,c] / count^power: 1 is the mean, 0 the sum, 2 has the mean's
   weights squared. count is with or without the padding; what lies beyond padBottom and padRight never counts. A
   window that counts nothing gives 0. No overlap. */
int cd_average_pool_forward(cd_stream* stream, int type, int64_t images, int64_t h, int64_t w, int64_t c,
                            const int* window, int padBottom, int padRight, int countIncludePad, int power,
                            const void* x, void* y);

/* dx[images,h,w,c] (+)= transpose of average_pool_forward on dy[images,oh,ow,c]. No overlap. */
int cd_average_pool_backward(cd_stream* stream, int type, int accumulate, int64_t images, int64_t h, int64_t w, int64_t c,
                             const int* window, int padBottom, int padRight, int countIncludePad, int power,
                             const void* dy, void* dx);

/* ---- move ---- */

/* y[i * yStrides] (+)= x[i * xStrides] for all i below dims[rank <= 8]; x strides may be 0 or negative, pointers are
   at i = 0. Strides are in elements and read before the call returns. No overlap. */
int cd_copy_strided(cd_stream* stream, int type, int accumulate, int rank, const int* dims, const int* xStrides,
                    const int* yStrides, const void* x, void* y);

/* y[outer,k,inner] = x[outer,n,inner] at index[outer,k,inner] over n, a whole number as float; negative counts from the
   end, outside gives NaN. No overlap. */
int cd_pick_forward(cd_stream* stream, int64_t outer, int64_t n, int64_t inner, int64_t k, const float* index,
                    const float* x, float* y);

/* dx[outer,n,inner] (+)= sum of the dy[outer,k,inner] that took the element, in order of k. No overlap. */
int cd_pick_backward(cd_stream* stream, int accumulate, int64_t outer, int64_t n, int64_t inner, int64_t k,
                     const float* index, const float* dy, float* dx);

/* ---- resample ---- */

/* y[outer,nOut,inner] (+)= sum over first[j] <= t < first[j+1] of weight[t] * x[outer,nIn,inner] at index[t], in
   order of t; first[nOut+1], index[taps], weight[taps], each index in 0..nIn-1. No overlap. */
int cd_resample(cd_stream* stream, int accumulate, int64_t outer, int64_t nIn, int64_t nOut, int64_t inner,
                const int32_t* first, const int32_t* index, const float* weight, const float* x, float* y);

/* ---- sample ---- */

/* How a place between pixels is read, and what lies outside of an image: nothing, its nearest pixel, its mirror image. */
enum { CD_SAMPLE_NEAREST, CD_SAMPLE_LINEAR, CD_SAMPLE_CUBIC, CD_SAMPLE_MODES };
enum { CD_PADDING_ZEROS, CD_PADDING_BORDER, CD_PADDING_REFLECTION, CD_PADDINGS };

/* y[n,places,c] = x[n,h,w,c] at grid[n,places,2], across and down, of which -1 and 1 are the middles of the outermost pixels
   (align) or their outer ends. NEAREST: halves to even, CUBIC: -3/4. At NaN y is NaN. No overlap. */
int cd_sample_forward(cd_stream* stream, int mode, int padding, int align, int64_t n, int64_t h, int64_t w, int64_t c,
                      int64_t places, const float* grid, const float* x, float* y);

/* dx[n,h,w,c] (+)= sum of the dy[n,places,c] that took the pixel, times its weight there, in order of places. No overlap. */
int cd_sample_backward(cd_stream* stream, int mode, int padding, int align, int accumulate, int64_t n, int64_t h, int64_t w,
                       int64_t c, int64_t places, const float* grid, const float* dy, float* dx);

/* dgrid[n,places,2] (+)= gradient from x[n,h,w,c], grid and dy[n,places,c]; 0 where a place is moved to the border, and
   for NEAREST. No overlap. */
int cd_sample_backward_grid(cd_stream* stream, int mode, int padding, int align, int accumulate, int64_t n, int64_t h,
                            int64_t w, int64_t c, int64_t places, const float* grid, const float* x, const float* dy,
                            float* dgrid);

/* ---- noise ---- */

/* y[rows,n] = x[n] + sigma * normal(seed, sample[r], element); sample[rows]. y must not overlap x. */
int cd_gaussian_noise(cd_stream* stream, int64_t rows, int64_t n, const float* x, float sigma, int64_t seed,
                      const int64_t* sample, float* y);

/* y[rows,n] = lo + (hi - lo) * uniform(seed, sample[r], element), in lo..hi; sample[rows]. */
int cd_uniform_noise(cd_stream* stream, int64_t rows, int64_t n, float lo, float hi, int64_t seed,
                     const int64_t* sample, float* y);

/* y[rows,n] = baseline[n] + alpha[rows] * (x[n] - baseline[n]). y must not overlap. */
int cd_interpolate(cd_stream* stream, int64_t rows, int64_t n, const float* baseline, const float* x,
                   const float* alpha, float* y);

/* sum[n] += weight[r] * g[rows,n], square[n] (or NULL) += weight[r] * g^2, in row order and in doubles; weight[rows]
   or NULL for 1. */
int cd_moments(cd_stream* stream, int64_t rows, int64_t n, const float* weight, const float* g, double* sum,
               double* square);

/* y[n] of what was added over count samples: kind 0 sum / count, 1 square / count, 2 square / count - (sum / count)^2,
   which rounding does not take below 0. square may be NULL for kind 0. */
int cd_mean_moments(cd_stream* stream, int kind, int64_t n, double count, const double* sum, const double* square,
                    float* y);

/* ---- patch ---- */

/* What windows in an image change of its feature maps, a window a row, its top and left in corner[rows,2]. A map [h,w]
   is held along each side from pixel step * floor(ceil((t - high) / jump) / align) + shift on, t being top or left: size
   pixels, which may reach outside. Where align is 0 it is whole, size being h or w. from[12] and to[12] are jump, high,
   align, step, shift, size of x and y, each down, then across; read before the call returns.
   y[rows,planes,to,to,c] = x[rows,planes,from,from,c] where that holds the pixel, else base[planes,h,w,c] (NULL where x
   is whole), or outside where the map has none. No overlap. */
int cd_patch(cd_stream* stream, int64_t rows, int64_t planes, int64_t h, int64_t w, int64_t c, const int* from,
             const int* to, float outside, const int32_t* corner, const float* base, const float* x, float* y);

/* ---- mask ---- */

/* y[rows,c,h,w] = x[c,h,w] with fill[c,h,w] where top <= row < bottom and left <= column < right; window[rows,4] =
   top, left, bottom, right. No overlap. */
int cd_occlude(cd_stream* stream, int64_t rows, int64_t c, int64_t h, int64_t w, const float* x, const float* fill,
               const int32_t* window, float* y);

/* map[h,w] = sum (average: mean) in window order of score[windows] over the window[windows,4] that cover the pixel, 0
   where none does. */
int cd_occlusion_map(cd_stream* stream, int64_t windows, int64_t h, int64_t w, const int32_t* window,
                     const double* score, int average, double* map);

/* y[rows,n] = feature[n] == off[rows] ? fill[n] : x[n]. No overlap. */
int cd_select_features(cd_stream* stream, int64_t rows, int64_t n, const float* x, const float* fill,
                       const int32_t* feature, const int32_t* off, float* y);

/* y[rows,n] = on[rows,features] at feature[n] (0..features-1) != 0 ? x[n] : fill[n]. No overlap. */
int cd_select_visible(cd_stream* stream, int64_t rows, int64_t n, int64_t features, const float* x, const float* fill,
                      const int32_t* feature, const uint8_t* on, float* y);

/* y[rows,n] = rank[n] < count[rows] ? fill[n] : x[n]. No overlap. */
int cd_select_ranked(cd_stream* stream, int64_t rows, int64_t n, const float* x, const float* fill,
                     const int32_t* rank, const int32_t* count, float* y);

/* y[rows,n] = fill[n] + weight[rows,features] * (x[n] - fill[n]), the weight of element i being that of feature[i], or
   of i modulo features where feature is NULL. A weight of 1 gives x. No overlap. */
int cd_blend(cd_stream* stream, int64_t rows, int64_t n, int64_t features, const float* weight, const int32_t* feature,
             const float* x, const float* fill, float* y);

/* mask[rows,h,w] = grids of cells x cells, 1 where uniform[rows,cells*cells+2] < keep, else 0, enlarged bilinearly to
   (cells + 1) * ceil(h / cells), likewise w, and cut out at the place that the last two uniforms give. No overlap. */
int cd_grid_mask(cd_stream* stream, int64_t rows, int64_t cells, int64_t h, int64_t w, float keep, const float* uniform,
                 float* mask);

/* y[h,w] = sum of v e^(sharp v) / sum of e^(sharp v) over the cells p[ceil(h/step),ceil(w/step)] within radius cells of
   the pixel's own, v = p[a,b] * reach[row + (radius - a) * step, column + (radius - b) * step], reach[s,s] with
   s = (2 * radius + 1) * step; total[h,w] = the lower sum. sharp * v at most 80. No overlap. */
int cd_smooth_max(cd_stream* stream, int64_t h, int64_t w, int64_t step, int64_t radius, float sharp,
                  const float* reach, const float* p, float* y, float* total);

/* dp, of p's shape, = gradient from p, y, total and dy[h,w]. No overlap. */
int cd_smooth_max_backward(cd_stream* stream, int64_t h, int64_t w, int64_t step, int64_t radius, float sharp,
                           const float* reach, const float* p, const float* y, const float* total, const float* dy,
                           float* dp);

/* ---- blend ---- */

/* y[rows,c,h,w] = other + m[rows,h,w] * (x - other), x[c,h,w] and other[c,h,w] seen shift[rows,2] pixels further down
   and across, their edges repeated. No overlap. */
int cd_blend_forward(cd_stream* stream, int64_t rows, int64_t c, int64_t h, int64_t w, const float* x,
                     const float* other, const float* m, const int32_t* shift, float* y);

/* dm[rows,h,w] = sum over c of dy[rows,c,h,w] * (x - other), both seen as above. No overlap. */
int cd_blend_backward(cd_stream* stream, int64_t rows, int64_t c, int64_t h, int64_t w, const float* x,
                      const float* other, const int32_t* shift, const float* dy, float* dm);

/* g[h,w] += gradient by m[h,w] of l1 * sum |1 - m| + tv * V, V the sum over pixels of |d|^beta + |e|^beta (joint:
   (d^2 + e^2)^(beta/2)) for the steps d, e to the next pixel down and across, 0 at the last; beta >= 1. No overlap. */
int cd_mask_penalty(cd_stream* stream, int64_t h, int64_t w, float l1, float tv, float beta, int joint, const float* m,
                    float* g);

/* ---- blur ---- */

/* y[planes,h,w] = mean of x[planes,h,w] weighted by weight[2*radius+1] down and across, over the pixels inside the
   image. scratch[planes,h,w]. y may alias x, scratch neither. */
int cd_blur(cd_stream* stream, int64_t planes, int64_t h, int64_t w, int64_t radius, const float* weight,
            const float* x, float* scratch, float* y);

/* ---- score ---- */

/* scores[rows] = that number (kind 0 to 4) of class target[rows] of logits[rows,classes]; target -1 is replaced by the
   first largest; seed[rows,classes] (or NULL) = d score / d logits. Another target outside 0..classes-1 gives NaN, a score
   that is not finite a seed of NaN. No overlap. */
int cd_score(cd_stream* stream, int kind, int64_t rows, int64_t classes, const float* logits, int64_t* target,
             float* scores, float* seed);

/* ---- learn ---- */

/* loss[rows] = cross entropy of logits[rows,classes] with class target[rows], smoothing of the probability spread over
   all classes; seed[rows,classes] (or NULL) = weight * d loss / d logits. A target outside 0..classes-1 gives NaN. No
   overlap. */
int cd_cross_entropy(cd_stream* stream, int64_t rows, int64_t classes, float smoothing, float weight,
                     const float* logits, const int64_t* target, float* loss, float* seed);

/* d = g[n] + decay * w[n]; velocity[n] = momentum * velocity + d; w -= rate * velocity, nesterov: rate * (d + momentum *
   velocity). No overlap. */
int cd_sgd_step(cd_stream* stream, int64_t n, float rate, float momentum, int nesterov, float decay, const float* g,
                float* velocity, float* w);

/* Adam's step number `step` (1, 2, …): first[n] and second[n] are the moments; decay is added to g, decoupled: w first
   shrinks by rate * decay. No overlap. */
int cd_adam_step(cd_stream* stream, int64_t n, int64_t step, float rate, float beta1, float beta2, float epsilon,
                 float decay, int decoupled, const float* g, float* first, float* second, float* w);

/* ---- attack ---- */

/* Which way a step of an attack goes: by the sign of the direction, along its unit vector, or by the direction itself;
   and the ball around x that it stays in. */
enum { CD_STEP_SIGN, CD_STEP_UNIT, CD_STEP_PLAIN };
enum { CD_BALL_LINF, CD_BALL_L2 };

/* y[rows,channels,pixels] += step * direction by kind, then projected into the ball of radius epsilon around x and into
   lo..hi. All lengths are of pixel values: a value of channel c is deviation[c] times as long; lo, hi, deviation
   [channels]. No overlap. */
int cd_attack_step(cd_stream* stream, int kind, int ball, int64_t rows, int64_t channels, int64_t pixels, float step,
                   float epsilon, const float* deviation, const float* lo, const float* hi, const float* x,
                   const float* direction, float* y);

/* ---- relevance ---- */

/* q[n] = scale * r[n] / (z[n] + epsilon * sign z[n]), sign 0 being 1; 0 where the divisor is 0. q may alias r or z. */
int cd_quotient(cd_stream* stream, int64_t n, float scale, float epsilon, const float* r, const float* z, float* q);

/* y[n] (+)= scale * a[n] * b[n], b NULL for 1. y may alias a or b. */
int cd_product(cd_stream* stream, int accumulate, int64_t n, float scale, const float* a, const float* b, float* y);

/* ---- pair ---- */

/* Tensors are [pairs,2,n]: row 0 of a pair belongs to an image, row 1 to its reference; d = image - reference. */

/* y = max(d,0) in row 0, min(d,0) in row 1, d being x's; swap: the other way round. No overlap. */
int cd_pair_parts(cd_stream* stream, int64_t pairs, int64_t n, int swap, const float* x, float* y);

/* Both rows of y = m's row 0 where d of x is above 0, row 1 where it is below, their mean where it is 0. y may alias
   m. */
int cd_pair_resolve(cd_stream* stream, int64_t pairs, int64_t n, const float* x, const float* m, float* y);

/* t = m * (e - reference) in row 0, m * (image - e) in row 1, e being the larger (least: the smaller) of y's two rows.
   t may alias m. */
int cd_pair_cross(cd_stream* stream, int64_t pairs, int64_t n, int least, const float* y, const float* m, float* t);

/* Both rows of dx (+)= (sum of t's two rows) / d of x, or row 0 of g where |d| < epsilon. dx may alias t or g. */
int cd_pair_ratio(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, float epsilon, const float* x,
                  const float* t, const float* g, float* dx);

/* y = the reference of z + parts, in both rows. No overlap. */
int cd_pair_shift(cd_stream* stream, int64_t pairs, int64_t n, const float* z, const float* parts, float* y);

/* dx (+)= m * c / parts, 0 where |parts| < epsilon; y = f at image and reference, v = f at reference + parts;
   c = (v0 - y1 + y0 - v1) / 2 in row 0, (v1 - y1 + y0 - v0) / 2 in row 1. Where v0 or v1 is not finite, c / parts is
   (y0 - y1) / (parts0 + parts1) in both. dx may alias m. */
int cd_pair_reveal(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, float epsilon, const float* parts,
                   const float* y, const float* v, const float* m, float* dx);

/* Both rows of dx (+)= p0 + q1 where d of x is above 0, q0 + p1 where it is below, the mean of the two where it is 0.
   No overlap. */
int cd_pair_join(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, const float* x, const float* p,
                 const float* q, float* dx);

/* Both rows of dx (+)= mean of g's two rows. dx may alias g. */
int cd_pair_mean(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, const float* g, float* dx);

/* Row 0 of t = that of m where row 0 of y lies between 0 and row 1 of y, both included, else 0; row 1 of t = that of m.
   t may alias m. */
int cd_pair_within(cd_stream* stream, int64_t pairs, int64_t n, const float* y, const float* m, float* t);

/* ---- multiplier ---- */

/* Multipliers of DeepLIFT that add up exactly: sum of dx * d of x = sum of m * d of y, d = image - reference. Tensors are
   [pairs,2,...] as above; m is read in row 0, both rows of dx are written. */

/* Of y = softmax (log: its logarithm) over n: x, m, dx[pairs,2,rows,n]. No overlap. */
int cd_softmax_multiplier(cd_stream* stream, int log, int accumulate, int64_t pairs, int64_t rows, int64_t n,
                          const float* x, const float* m, float* dx);

/* Of y = (x - mean) / sqrt(variance + epsilon) * scale (NULL for 1) over the n elements of each group: x, m, dx
   [pairs,2,blocks,n/width,groups,width], scale[groups,width]. No overlap. */
int cd_norm_multiplier(cd_stream* stream, int accumulate, int64_t pairs, int64_t blocks, int64_t groups, int64_t width,
                       int64_t n, float epsilon, const float* x, const float* scale, const float* m, float* dx);

/* t = the divisor by which a's multiplier of y = a / x is m / t: the mean of x over image and reference, where their signs
   differ 2 / (1 / x + 1 / x'): x, t[pairs,2,n], both rows of t are written. No overlap. */
int cd_divisor_between(cd_stream* stream, int64_t pairs, int64_t n, const float* x, float* t);

/* Of y = a / x from its gradient g = -a / x^2 * m: x, g, dx[pairs,2,n]; here g is read in both rows. dx may alias g. */
int cd_divisor_multiplier(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, const float* x, const float* g,
                          float* dx);

/* ---- rectify ---- */

/* dx[n] (+)= dy[n] * (s(x - lo) - s(x - hi)), s(v) = 1 / (1 + e^(-beta v)): the gradient of a clamp to lo..hi whose
   corners are softplus. dx may alias dy. */
int cd_smooth_backward(cd_stream* stream, int accumulate, int64_t n, float beta, float lo, float hi, const float* x,
                       const float* dy, float* dx);

/* y[rows] = percentile of x[rows,n], linear between the two nearest; percent in 0..100. */
int cd_percentile(cd_stream* stream, int64_t rows, int64_t n, float percent, const float* x, float* y);

/* dx[rows,n] (+)= dy where worth[rows,n] > threshold[rows], else 0. dx may alias dy or worth. */
int cd_pass_above(cd_stream* stream, int accumulate, int64_t rows, int64_t n, const float* threshold,
                  const float* worth, const float* dy, float* dx);

/* ---- dense ---- */

/* Convolutions and matrix products; in the CPU library only: on a card cuDNN and cuBLASLt do that work. Images are channels-last. Each image, or block of
   matrix rows, is computed alone by one thread, or an image in strips that give the same bits, so that none depends on rows
   or threads. Weights and biases are not copied: they must stay where they are until the handle is destroyed. */

typedef struct cd_conv cd_conv;
typedef struct cd_matrix cd_matrix;

/* Convolution h,w,c to oh,ow,oc. shape[18] = h, w, c, oc, kh, kw, strides, dilations (each: down, across), padTop,
   padLeft, padBottom, padRight, groups, transposed (0/1), output padding (down, across; transposed only).
   weights[oc,c/groups,kh,kw], transposed: [c,oc/groups,kh,kw]; bias[oc] or NULL; residual (0/1): forward adds one. wide: from a pixel
   of y and dy to the next, oc, or more where the channels stand among others (not transposed, no residual).
   exact (0/1): forward sums products plainly; else it may filter minimally, whose rounding is some times larger and would
   turn rectifiers near zero, and with them a gradient. */
int cd_conv_create(const int* shape, const float* weights, const float* bias, int activation, float alpha, float beta,
                   int residual, int64_t wide, int exact, cd_conv** out);

/* NULL is allowed. */
int cd_conv_destroy(cd_conv* conv);

/* Cuts an image's forward or (1) backward pass into strips of rows, which the stream's threads share where there are fewer images
   than that takes; strips: how many, 1 where that does not pay or would change a bit. Takes the time of some passes. */
int cd_conv_cut(cd_stream* stream, cd_conv* conv, int backward, int* strips);

/* y[rows,oh,ow,oc] = act(conv(x[rows,h,w,c]) + bias + residual[rows,oh,ow,oc]); bits (or NULL) of the activation.
   y may alias residual, not x. */
int cd_conv_forward(cd_stream* stream, cd_conv* conv, int64_t rows, const float* x, const float* residual, float* y,
                    uint8_t* bits);

/* g = dy[rows,oh,ow,oc] after the activation's bits (NULL: without activation, or dy has passed it); dx[rows,h,w,c] (+)=
   transpose of conv on g, then dresidual[rows,oh,ow,oc] (+)= g; either may be NULL. dresidual may alias dy unless it
   accumulates, and dx if it does. */
int cd_conv_backward(cd_stream* stream, cd_conv* conv, int64_t rows, const float* dy, const uint8_t* bits,
                     int accumulate, float* dx, int accumulateResidual, float* dresidual);

/* Product with a constant weights[k,n], transposed: weights[n,k]; bias[n] or NULL. group: rows that belong together,
   1 or more (the tokens of an image): the number of rows is a multiple of it, and blocks of rows never cross it. */
int cd_matrix_create(int64_t k, int64_t n, int transposed, const float* weights, const float* bias, int activation,
                     float alpha, float beta, int64_t group, cd_matrix** out);

/* NULL is allowed. */
int cd_matrix_destroy(cd_matrix* matrix);

/* As conv_cut, of a group of rows; blocks: how many there are then. */
int cd_matrix_cut(cd_stream* stream, cd_matrix* matrix, int backward, int* blocks);

/* y[m,n] = act(x[m,k] * weights + bias); bits (or NULL) of the activation. No overlap. */
int cd_matrix_forward(cd_stream* stream, cd_matrix* matrix, int64_t m, const float* x, float* y, uint8_t* bits);

/* dx[m,k] (+)= g * transposed weights, g = dy[m,n] after the activation's bits (NULL only without activation). No
   overlap. */
int cd_matrix_backward(cd_stream* stream, cd_matrix* matrix, int64_t m, const float* dy, const uint8_t* bits,
                       int accumulate, float* dx);

/* c[batch,m,n] (+)= alpha * a[m,k] * b[k,n] for each of batch; transA: a[k,m], transB: b[n,k]; aStride and bStride are
   the elements from one matrix to the next, 0 to repeat. No overlap. */
int cd_matmul(cd_stream* stream, int64_t batch, int64_t m, int64_t k, int64_t n, int transA, int transB,
              int64_t aStride, int64_t bStride, float alpha, int accumulate, const float* a, const float* b, float* c);

/* ---- dense, gradients of weights ---- */

/* For training; in the CPU library only. Sums over images are taken in an order that depends on how many there
   are, never on the threads. */

typedef struct cd_conv_weights cd_conv_weights;

/* Takes weights and bias again from where conv_create found them, after they have changed. */
int cd_conv_update(cd_conv* conv);

/* As conv_update. */
int cd_matrix_update(cd_matrix* matrix);

/* Gradient of the weights of a convolution; shape[18] as conv_create has it. */
int cd_conv_weights_create(const int* shape, cd_conv_weights** out);

/* NULL is allowed. */
int cd_conv_weights_destroy(cd_conv_weights* weights);

/* dweights, of conv_create's weights' shape, (+)= gradient from x[rows,h,w,c] and dy[rows,oh,ow,oc] (no activation);
   dbias[oc] (or NULL) (+)= sum of dy. No overlap. */
int cd_conv_weights_backward(cd_stream* stream, cd_conv_weights* weights, int64_t rows, const float* x,
                             const float* dy, int accumulate, float* dweights, int accumulateBias, float* dbias);

/* dweights[k,n], transposed: [n,k], (+)= gradient from x[m,k] and dy[m,n] (no activation); dbias[n] (or NULL) (+)= sum
   of dy. No overlap. */
int cd_matrix_weights_backward(cd_stream* stream, int64_t m, int64_t k, int64_t n, int transposed, const float* x,
                               const float* dy, int accumulate, float* dweights, int accumulateBias, float* dbias);

#ifndef CD_HIDDEN
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
