// Rounding to integers, for quantisers: the same result on every processor, for any number.
#pragma once

#include <cstdint>

namespace {

/// To the nearest integer, halves to the even one; exact up to 2^22. Adding 1.5 * 2^23 leaves no
/// bits for a fraction.
inline float nearest(float x) {
  return (x + 0x1.8p23f) - 0x1.8p23f;
}

/// `x` where it lies within the bounds, else the nearer bound; `low` for a NaN.
inline float bounded(float x, float low, float high) {
  return x > low ? (x < high ? x : high) : low;
}

/// To the nearest integer within the bounds, halves away from zero. What is added is the largest
/// float below a half: with a half itself, the largest float below a half would become 1.
inline int rounded(float x, int low, int high) {
  const float away = x < 0 ? -0x1.fffffep-2f : 0x1.fffffep-2f;
  return static_cast<int>(bounded(x + away, static_cast<float>(low), static_cast<float>(high)));
}

}  // namespace
