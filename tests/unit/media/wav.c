#include "wav.h"

#include <ftw.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <setjmp.h>
#include <cmocka.h>

void wav_dir_make(struct wav_dir *d)
{
    char path[96];

    snprintf(d->path, sizeof(d->path), "/tmp/jigate-wav-XXXXXX");
    assert_non_null(mkdtemp(d->path));
    snprintf(path, sizeof(path), "%s/en", d->path);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/en/8000", d->path);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/en/16000", d->path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int remove_one(const char *path, const struct stat *st, int flag,
                      struct FTW *ftw)
{
    return remove(path);
}

void wav_dir_remove(const struct wav_dir *d)
{
    nftw(d->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void wav_write(const struct wav_dir *d, const char *name, int rate,
               int channels, const int16_t *samples, size_t n)
{
    SF_INFO info = {.samplerate = rate,
                    .channels = channels,
                    .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    char path[160];
    SNDFILE *f;

    snprintf(path, sizeof(path), "%s/en/%d/%s.wav", d->path, rate, name);
    f = sf_open(path, SFM_WRITE, &info);
    assert_non_null(f);
    assert_int_equal(sf_writef_short(f, samples, (sf_count_t)n), n);
    sf_close(f);
}

int16_t wav_sample(size_t i, unsigned seed)
{
    return (int16_t)((i * 37 + seed * 4001) % 20000) - 10000;
}

void wav_prompt(const struct wav_dir *d, const char *name, size_t n,
                unsigned seed)
{
    int16_t *samples = calloc(2 * n, sizeof(*samples));

    for (size_t i = 0; i < n; i++)
        samples[i] = wav_sample(i, seed);
    wav_write(d, name, 8000, 1, samples, n);
    for (size_t i = 0; i < 2 * n; i++)
        samples[i] = wav_sample(i / 2, seed);
    wav_write(d, name, 16000, 1, samples, 2 * n);
    free(samples);
}
