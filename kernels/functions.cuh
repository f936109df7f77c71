// exp, log, sine, tanh and erf of our own: branch-free, so that the CPU computes 4 to 16 at once, and the same bits on every device,
// which no two mathematics libraries promise. All stay within 2 units in the last place. And a choice of that kind.
// Processors without fused multiply-add give other last digits of exp, tanh and erf.
#pragma once

#include <string.h>

#include "portable.cuh"

namespace candela {

// v where the flag is set, else 0; without a branch, so that the CPU does several at once.
BOTH float chosen(bool flag, float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  bits &= 0u - static_cast<uint32_t>(flag);
  memcpy(&v, &bits, sizeof v);
  return v;
}

// 2^n for -126 <= n <= 127.
BOTH float powerOfTwo(int32_t n) {
  int32_t bits = (n + 127) * (1 << 23);
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

// The greatest power of two that is not above |x|; 0 of what is too small for its exponent, infinite of what is not finite.
BOTH float powerBelow(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits &= 0x7f800000u;
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

// Cephes' expf (Moshier) without its last steps: t = n ln 2 + r, a polynomial for e^r - 1. whole: n.
BOTH float partOfExp(float t, int32_t* whole) {
  float n = rintf(t * 1.44269504f);
  float r = multiplyAdd(n, 2.12194440e-4f, multiplyAdd(n, -0.693359375f, t));
  float p = 1.9875691500e-4f;
  p = multiplyAdd(p, r, 1.3981999507e-3f);
  p = multiplyAdd(p, r, 8.3334519073e-3f);
  p = multiplyAdd(p, r, 4.1665795894e-2f);
  p = multiplyAdd(p, r, 1.6666665459e-1f);
  p = multiplyAdd(p, r, 5.0000001201e-1f);
  *whole = static_cast<int32_t>(n);
  return multiplyAdd(p, r * r, r);
}

// NaN stays NaN.
BOTH float expOf(float x) {
  float t = x > -104.0f ? (x < 89.0f ? x : 89.0f) : -104.0f;
  int32_t whole;
  float p = partOfExp(t, &whole) + 1.0f;
  // Two factors, since 2^n itself may be too great or too small.
  int32_t half = whole >> 1;
  float y = p * powerOfTwo(half) * powerOfTwo(whole - half);
  return x != x ? x : y;
}

// For -87 < x < 88.
BOTH float expOfMiddling(float x) {
  int32_t whole;
  float p = partOfExp(x, &whole) + 1.0f;
  return p * powerOfTwo(whole);
}

// e^x - 1. NaN stays NaN.
BOTH float expLessOneOf(float x) {
  // From -25 on -1 is the nearest number.
  float t = x > -25.0f ? (x < 89.0f ? x : 89.0f) : -25.0f;
  int32_t whole;
  float p = partOfExp(t, &whole);
  int32_t half = whole >> 1;
  float first = powerOfTwo(half), second = powerOfTwo(whole - half), scale = first * second;
  // From 30 on the 1 is less than a digit, and 2^n may be too great where e^x is not.
  float y = t > 30.0f ? (p + 1.0f) * first * second : multiplyAdd(p, scale, scale - 1.0f);
  return x != x ? x : y;
}

// Cephes' logf, for normal numbers above 0: x = m 2^n with m in sqrt(1/2) .. sqrt(2), a polynomial for log m.
BOTH float logOf(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  // What is above sqrt(1/2) in the mantissa's place counts for the exponent.
  int32_t n = (bits - 0x3f3504f3) >> 23;
  bits -= n * (1 << 23);
  float m;
  memcpy(&m, &bits, sizeof m);
  float r = m - 1.0f, z = r * r, e = static_cast<float>(n);
  float p = 7.0376836292e-2f;
  p = p * r - 1.1514610310e-1f;
  p = p * r + 1.1676998740e-1f;
  p = p * r - 1.2420140846e-1f;
  p = p * r + 1.4249322787e-1f;
  p = p * r - 1.6668057665e-1f;
  p = p * r + 2.0000714765e-1f;
  p = p * r - 2.4999993993e-1f;
  p = p * r + 3.3333331174e-1f;
  float y = p * r * z - e * 2.12194440e-4f - 0.5f * z;
  return r + y + e * 0.693359375f;
}

// log(1 + e) for 0 <= e <= 1; what 1 + e has no digits for is added.
BOTH float logOfOneAnd(float e) {
  float u = 1.0f + e;
  return logOf(u) + (e - (u - 1.0f));
}

// Sine and cosine of t turns, 0 <= t <= 1: of the angle that is left from the nearest quarter by Cephes' polynomials, which
// then change places and signs.
BOTH void turnOf(float t, float* sine, float* cosine) {
  float quarter = rintf(4.0f * t);
  float a = 6.2831853f * (t - 0.25f * quarter), z = a * a;
  float p = -1.9515295891e-4f;
  p = p * z + 8.3321608736e-3f;
  p = p * z - 1.6666654611e-1f;
  float s = p * z * a + a;
  float q = 2.4433157118e-5f;
  q = q * z - 1.3887316255e-3f;
  q = q * z + 4.1666645683e-2f;
  float c = q * z * z - 0.5f * z + 1.0f;
  int32_t k = static_cast<int32_t>(quarter);
  bool odd = (k & 1) != 0;
  float up = odd ? c : s, across = odd ? s : c;
  *sine = (k & 2) != 0 ? -up : up;
  *cosine = ((k + 1) & 2) != 0 ? -across : across;
}

// Cephes' tanhf: a polynomial near 0, exp beyond.
BOTH float tanhOf(float x) {
  float t = fabsf(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = multiplyAdd(p, z, 2.06390887954e-2f);
  p = multiplyAdd(p, z, -5.37397155531e-2f);
  p = multiplyAdd(p, z, 1.33314422036e-1f);
  p = multiplyAdd(p, z, -3.33332819422e-1f);
  float small = multiplyAdd(p * z, x, x);
  // From 10 on 1 is the nearest number.
  float u = t < 10.0f ? t : 10.0f;
  float great = copysignf(1.0f - 2.0f / (expOfMiddling(2.0f * u) + 1.0f), x);
  return t >= 0.625f ? great : small;
}

// Two polynomials after N. Juffa's erff: of x near 0, of the logarithm of 1 - erf beyond.
BOTH float erfOf(float x) {
  float t = fabsf(x), s = x * x;
  float p = -5.96761703e-4f;
  p = multiplyAdd(p, s, 4.99119423e-3f);
  p = multiplyAdd(p, s, -2.67681349e-2f);
  p = multiplyAdd(p, s, 1.12819925e-1f);
  p = multiplyAdd(p, s, -3.76125336e-1f);
  p = multiplyAdd(p, s, 1.28379166e-1f);
  float small = multiplyAdd(p, x, x);
  float u = t < 4.0f ? t : 4.0f;
  float q = -1.72853470e-5f;
  q = multiplyAdd(q, u, 3.83197126e-4f);
  q = multiplyAdd(q, u, -3.88396438e-3f);
  q = multiplyAdd(q, u, 2.42546219e-2f);
  q = multiplyAdd(q, u, -1.06777877e-1f);
  q = multiplyAdd(q, u, -6.34846687e-1f);
  q = multiplyAdd(q, u, -1.28717512e-1f);
  float great = copysignf(1.0f - expOfMiddling(multiplyAdd(q, u, -u)), x);
  return t > 0.927734375f ? great : small;
}

}  // namespace candela
