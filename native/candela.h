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

/* threads = OpenMP threads of every kernel on this stream, 1 or more; CUDA reads it as the card's index + 1. */
int cd_stream_create(int threads, cd_stream** out);

/* Waits for all work queued on the stream. */
int cd_stream_wait(cd_stream* stream);

/* Waits, then frees; NULL is allowed. */
int cd_stream_destroy(cd_stream* stream);

/* ---- noise ---- */

/* y[rows,n] = x[n] + sigma * normal(seed, sample[r], element); sample[rows]. y must not overlap x. */
int cd_gaussian_noise(cd_stream* stream, int64_t rows, int64_t n, const float* x, float sigma, int64_t seed,
                      const int64_t* sample, float* y);

#ifndef CD_HIDDEN
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
