/**
 * Sounds and measures for tests of audio.
 */
#ifndef TESTS_UNIT_MEDIA_SIGNAL_H
#define TESTS_UNIT_MEDIA_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

/** A sine; at is the number of its first sample. */
void signal_sine(int16_t *x, size_t n, size_t at, unsigned rate, double hertz,
                 double peak);

/** Something like a voice: harmonics of a gliding pitch below 3.4 kHz, in
 *  syllables of 4 a second. */
void signal_voice(int16_t *x, size_t n, size_t at, unsigned rate, double peak);

/** Root of the mean square. */
double signal_rms(const int16_t *x, size_t n);

/** Signal-to-noise ratio in dB of y against x, at the delay in [0, max) and
 *  the gain where it is best. */
double signal_snr(const int16_t *x, const int16_t *y, size_t n, size_t max,
                  size_t *delay);

/** The largest step from a sample to the next. */
int signal_step(const int16_t *x, size_t n);

#endif
