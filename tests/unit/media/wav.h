/**
 * Prompts made by code, in a folder of their own.
 */
#ifndef TESTS_UNIT_MEDIA_WAV_H
#define TESTS_UNIT_MEDIA_WAV_H

#include <stddef.h>
#include <stdint.h>

struct wav_dir {
    char path[64]; /* as media_config.sounds_dir */
};

/** Make DIR/en/8000 and DIR/en/16000 below /tmp. */
void wav_dir_make(struct wav_dir *d);
void wav_dir_remove(const struct wav_dir *d);

/** Write samples as en/RATE/NAME.wav. */
void wav_write(const struct wav_dir *d, const char *name, int rate,
               int channels, const int16_t *samples, size_t n);

/** Write a prompt in both rates: a saw-tooth, so that each sample differs
 *  from its neighbours, of n samples at 8 kHz; seed tells prompts apart. */
void wav_prompt(const struct wav_dir *d, const char *name, size_t n,
                unsigned seed);

/** Sample i of such a prompt at 8 kHz. */
int16_t wav_sample(size_t i, unsigned seed);

#endif
