#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <opus.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/embedded/media/g711_tables.h"
#include "engine/embedded/media/opus_frames.h"
#include "engine/embedded/media/prompt_store.h"
#include "wav.h"

static int setup(void **state)
{
    struct wav_dir *d = malloc(sizeof(*d));

    wav_dir_make(d);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    wav_dir_remove(*state);
    free(*state);
    return 0;
}

static void g711_holds_every_sample(void **state)
{
    struct wav_dir *d = *state;
    struct prompt_store *ps;
    const struct prompt *p;

    wav_prompt(d, "b", 1001, 2);
    wav_prompt(d, "a", 500, 1);
    assert_int_equal(prompt_store_alloc(&ps, d->path, "en", NULL), 0);
    assert_int_equal(prompt_store_count(ps), 2);
    p = prompt_store_find(ps, "b");
    assert_non_null(p);
    assert_int_equal(p->samples, 1001);
    for (size_t i = 0; i < p->samples; i++) {
        int16_t sample = wav_sample(i, 2);
        uint8_t ulaw, alaw;

        g711_to_pcmu(&ulaw, &sample, 1);
        g711_to_pcma(&alaw, &sample, 1);
        assert_int_equal(p->bytes[MEDIA_PCMU][i], ulaw);
        assert_int_equal(p->bytes[MEDIA_PCMA][i], alaw);
    }
    assert_int_equal(prompt_store_find(ps, "a")->samples, 500);
    assert_null(prompt_store_find(ps, "c"));
    assert_null(prompt_store_find(ps, ""));
    prompt_store_free(ps);
}

/* Share of the energy of n samples that is a tone of f Hz. */
static double tone_share(const int16_t *x, size_t n, double f, double rate)
{
    double re = 0, im = 0, all = 0;

    for (size_t i = 0; i < n; i++) {
        re += x[i] * cos(2 * M_PI * f * (double)i / rate);
        im += x[i] * sin(2 * M_PI * f * (double)i / rate);
        all += (double)x[i] * x[i];
    }
    return all > 0 ? 2 * (re * re + im * im) / ((double)n * all) : 0;
}

static void opus_holds_the_wide_recording(void **state)
{
    struct wav_dir *d = *state;
    struct prompt_store *ps;
    const struct prompt *p;
    int16_t tone[16000], out[48000 + 2 * 960];
    size_t n = 0;
    int err;
    OpusDecoder *dec = opus_decoder_create(48000, 1, &err);

    /* 5 kHz: only the 16 kHz file can hold it */
    for (size_t i = 0; i < 16000; i++)
        tone[i] = (int16_t)(8000 * sin(2 * M_PI * 5000 * (double)i / 16000));
    wav_write(d, "a", 16000, 1, tone, 16000);
    wav_write(d, "a", 8000, 1, tone, 8000);
    assert_int_equal(prompt_store_alloc(&ps, d->path, "en", NULL), 0);
    p = prompt_store_find(ps, "a");
    /* a second, and what the decoder is behind */
    assert_int_equal(p->opus.n, 51);
    for (size_t i = 0; i < p->opus.n; i++) {
        int got = opus_decode(
            dec, p->opus.bytes + p->opus.offset[i],
            (opus_int32)(p->opus.offset[i + 1] - p->opus.offset[i]), out + n,
            960, 0);

        assert_int_equal(got, 960);
        n += 960;
    }
    assert_true(tone_share(out + 4800, 38400, 5000, 48000) > 0.8);
    opus_decoder_destroy(dec);
    prompt_store_free(ps);
}

static void without_a_wide_file_opus_has_the_narrow_one(void **state)
{
    struct wav_dir *d = *state;
    struct prompt_store *ps;
    int16_t tone[8000] = {0};

    wav_write(d, "a", 8000, 1, tone, 8000);
    assert_int_equal(prompt_store_alloc(&ps, d->path, "en", NULL), 0);
    assert_int_equal(prompt_store_find(ps, "a")->opus.n, 51);
    prompt_store_free(ps);
}

static void unusable_files_are_left_out(void **state)
{
    struct wav_dir *d = *state;
    struct prompt_store *ps;
    int16_t samples[1600] = {0};
    char path[160];
    FILE *f;

    wav_prompt(d, "good", 800, 1);
    wav_write(d, "stereo", 8000, 2, samples, 800);
    wav_write(d, "empty", 8000, 1, samples, 0);
    wav_write(d, ".hidden", 8000, 1, samples, 800);
    snprintf(path, sizeof(path), "%s/en/8000/noise.wav", d->path);
    f = fopen(path, "w");
    fputs("RIFF of another kind", f);
    fclose(f);
    snprintf(path, sizeof(path), "%s/en/8000/readme.txt", d->path);
    f = fopen(path, "w");
    fputs("no prompt", f);
    fclose(f);
    snprintf(path, sizeof(path), "%s/en/16000/rate.wav", d->path);
    wav_write(d, "rate", 16000, 1, samples, 1600);
    {
        char to[160];

        snprintf(to, sizeof(to), "%s/en/8000/rate.wav", d->path);
        assert_int_equal(rename(path, to), 0);
    }
    assert_int_equal(prompt_store_alloc(&ps, d->path, "en", NULL), 0);
    assert_int_equal(prompt_store_count(ps), 1);
    assert_non_null(prompt_store_find(ps, "good"));
    prompt_store_free(ps);
}

static void no_prompt_at_all_is_told(void **state)
{
    struct wav_dir *d = *state;
    struct prompt_store *ps = NULL;

    assert_int_equal(prompt_store_alloc(&ps, d->path, "en", NULL), ENOENT);
    assert_int_equal(prompt_store_alloc(&ps, d->path, "xx", NULL), ENOENT);
    assert_int_equal(prompt_store_alloc(&ps, "/nowhere", "en", NULL), ENOENT);
    assert_null(ps);
}

static void silence_of_opus_decodes_to_its_length(void **state)
{
    static const int ms[4] = {10, 20, 40, 60};
    struct silence s;

    assert_int_equal(silence_init(&s), 0);
    for (int i = 0; i < 4; i++) {
        assert_in_range(s.opus_len[i], 1, 100);
        assert_int_equal(opus_packet_get_nb_samples(
                             s.opus[i], (opus_int32)s.opus_len[i], 48000),
                         48 * ms[i]);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(g711_holds_every_sample),
        T(opus_holds_the_wide_recording),
        T(without_a_wide_file_opus_has_the_narrow_one),
        T(unusable_files_are_left_out),
        T(no_prompt_at_all_is_told),
        cmocka_unit_test(silence_of_opus_decodes_to_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
