#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <opus.h>
#include <spandsp.h>

#include "engine/embedded/media/g711_tables.h"
#include "engine/embedded/media/inband.h"

enum { FRAME = 160, ALL_KEYS = 16 };

static const char all_keys[] = "123A456B789C*0#D";

/* Tones by plain sines, not by the library that hears them. */
static void tone(int16_t *x, size_t n, size_t at, char key, double dbm0,
                 double twist_db)
{
    static const double low[4] = {697, 770, 852, 941};
    static const double high[4] = {1209, 1336, 1477, 1633};
    size_t i = (size_t)(strchr(all_keys, key) - all_keys);
    /* full scale is +3.14 dBm0 for a sine */
    double level = 32767 * pow(10, (dbm0 - 3.14) / 20);
    double gain = pow(10, twist_db / 20);

    for (size_t k = 0; k < n; k++) {
        double t = (double)(at + k) / 8000;
        double s = level * sin(2 * M_PI * low[i / 4] * t) +
                   level * gain * sin(2 * M_PI * high[i % 4] * t);

        x[k] = (int16_t)fmax(-32768, fmin(32767, x[k] + s));
    }
}

/* Key after key, on_ms on and off_ms off, over what x holds. */
static size_t keyed(int16_t *x, size_t max, const char *keys, unsigned on_ms,
                    unsigned off_ms, double dbm0, double twist)
{
    size_t n = 8 * off_ms;

    for (; *keys; keys++) {
        assert_true(n + 8 * (on_ms + off_ms) <= max);
        tone(x + n, 8 * on_ms, n, *keys, dbm0, twist);
        n += 8 * (on_ms + off_ms);
    }
    return n;
}

/* What a detector hears in n samples sent by one codec. */
static void heard(enum media_codec codec, const int16_t *x, size_t n,
                  char *keys, size_t max)
{
    struct inband *ib;
    size_t k = 0;
    int err;
    OpusEncoder *e = NULL;

    if (codec == MEDIA_OPUS)
        e = opus_encoder_create(8000, 1, OPUS_APPLICATION_VOIP, &err);
    assert_int_equal(inband_alloc(&ib, codec), 0);
    for (size_t i = 0; i + FRAME <= n; i += FRAME) {
        uint8_t payload[400];
        char now[INBAND_KEYS_MAX];
        size_t len = FRAME;

        if (codec == MEDIA_PCMU)
            g711_to_pcmu(payload, x + i, FRAME);
        else if (codec == MEDIA_PCMA)
            g711_to_pcma(payload, x + i, FRAME);
        else
            len = (size_t)opus_encode(e, x + i, FRAME, payload, 400);
        if (inband_packet(ib, codec, payload, len, now)) {
            assert_true(k + strlen(now) < max);
            memcpy(keys + k, now, strlen(now));
            k += strlen(now);
        }
    }
    keys[k] = '\0';
    inband_free(ib);
    if (e)
        opus_encoder_destroy(e);
}

static void keys_are_heard(void **state)
{
    static const struct {
        enum media_codec codec;
        unsigned on_ms;
        unsigned off_ms;
        double dbm0;
        double twist;
    } row[] = {
        {MEDIA_PCMU, 100, 100, -10, 0},  {MEDIA_PCMA, 100, 100, -10, 0},
        {MEDIA_OPUS, 100, 100, -10, 0},  {MEDIA_PCMU, 50, 50, -10, 0},
        {MEDIA_PCMA, 65, 65, -3, 0},     {MEDIA_PCMU, 100, 100, -25, 0},
        {MEDIA_PCMA, 100, 100, -30, 0},  {MEDIA_PCMU, 100, 100, -10, 3},
        {MEDIA_PCMU, 100, 100, -10, -6}, {MEDIA_PCMU, 500, 100, -10, 0},
    };
    enum { MAX = 8 * 700 * ALL_KEYS };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        int16_t *x = calloc(MAX, sizeof(*x));
        char keys[64];
        size_t n = keyed(x, MAX, all_keys, row[i].on_ms, row[i].off_ms,
                         row[i].dbm0, row[i].twist);

        print_message("# codec %d on %u off %u level %.0f twist %.0f\n",
                      row[i].codec, row[i].on_ms, row[i].off_ms, row[i].dbm0,
                      row[i].twist);
        heard(row[i].codec, x, n, keys, sizeof(keys));
        assert_string_equal(keys, all_keys);
        free(x);
    }
}

static void what_is_too_short_or_too_soft_is_no_key(void **state)
{
    static const struct {
        unsigned on_ms;
        double dbm0;
        double twist;
    } row[] = {{20, -10, 0}, {100, -55, 0}, {100, -10, 20}, {100, -10, -20}};
    enum { MAX = 8 * 220 * ALL_KEYS };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        int16_t *x = calloc(MAX, sizeof(*x));
        char keys[64];
        size_t n = keyed(x, MAX, all_keys, row[i].on_ms, 100, row[i].dbm0,
                         row[i].twist);

        heard(MEDIA_PCMU, x, n, keys, sizeof(keys));
        assert_string_equal(keys, "");
        free(x);
    }
}

/* Something like speech: a pulse train of gliding pitch through gliding
 * formants, in syllables. Deterministic. */
static void babble(int16_t *x, size_t n, unsigned seed)
{
    double phase = 0, y[3][2] = {{0}};

    for (size_t i = 0; i < n; i++) {
        double t = (double)i / 8000 + seed;
        double pitch = 120 + 60 * sin(t * 2.1) + 25 * sin(t * 7.3);
        double formant[3] = {500 + 280 * sin(t * 5.1),
                             1400 + 500 * sin(t * 3.7),
                             2500 + 300 * sin(t * 4.3)};
        double out = 0, pulse;

        phase += pitch / 8000;
        pulse = phase >= 1 ? 1 : 0;
        phase -= pulse;
        for (int f = 0; f < 3; f++) {
            double r = 0.98 - 0.01 * f;
            double v = pulse +
                       2 * r * cos(2 * M_PI * formant[f] / 8000) * y[f][0] -
                       r * r * y[f][1];

            y[f][1] = y[f][0];
            y[f][0] = v;
            out += v;
        }
        out *= 2500 * fmax(0, sin(t * 9)); /* syllables */
        x[i] = (int16_t)fmax(-32768, fmin(32767, out));
    }
}

static void speech_is_no_key(void **state)
{
    enum { N = 8000 * 120 };
    int16_t *x = calloc(N, sizeof(*x));
    char keys[64];

    for (unsigned seed = 0; seed < 5; seed++) {
        double power = 0;

        babble(x, N, seed * 1000);
        for (size_t i = 0; i < N; i++)
            power += (double)x[i] * x[i] / N;
        assert_true(sqrt(power) > 500); /* it is loud enough to matter */
        heard(seed % 2 ? MEDIA_PCMA : MEDIA_PCMU, x, N, keys, sizeof(keys));
        assert_string_equal(keys, "");
    }
    free(x);
}

static void a_key_under_noise_is_heard(void **state)
{
    enum { MAX = 8 * 220 * ALL_KEYS };
    int16_t *x = calloc(MAX, sizeof(*x));
    char keys[64];
    uint32_t r = 12345;
    size_t n;

    for (size_t i = 0; i < MAX; i++) { /* 20 dB below the tones */
        r = r * 1664525 + 1013904223;
        x[i] = (int16_t)((int32_t)r >> 21);
    }
    n = keyed(x, MAX, all_keys, 100, 100, -10, 0);
    heard(MEDIA_PCMU, x, n, keys, sizeof(keys));
    assert_string_equal(keys, all_keys);
    free(x);
}

static void a_lost_packet_does_not_make_two_keys(void **state)
{
    enum { PACKETS = 15 };

    for (const char *key = all_keys; *key; key++) {
        int16_t x[FRAME * PACKETS] = {0};
        uint8_t payload[FRAME * PACKETS];

        tone(x, FRAME * (PACKETS - 3), 0, *key, -10, 0);
        g711_to_pcmu(payload, x, sizeof(payload));
        for (unsigned lost = 0; lost < PACKETS; lost++) {
            struct inband *ib;
            char keys[INBAND_KEYS_MAX];
            size_t n = 0;

            assert_int_equal(inband_alloc(&ib, MEDIA_PCMU), 0);
            for (unsigned i = 0; i < PACKETS; i++)
                if (i != lost)
                    n += inband_packet(ib, MEDIA_PCMU, payload + FRAME * i,
                                       FRAME, keys);
            assert_int_equal(n, 1);
            inband_free(ib);
        }
    }
}

static void broken_opus_is_passed_over(void **state)
{
    struct inband *ib;
    char keys[INBAND_KEYS_MAX];
    uint8_t payload[400];
    uint32_t r = 1;

    assert_int_equal(inband_alloc(&ib, MEDIA_OPUS), 0);
    for (int i = 0; i < 2000; i++) {
        size_t len;

        for (size_t k = 0; k < sizeof(payload); k++) {
            r = r * 1664525 + 1013904223;
            payload[k] = (uint8_t)(r >> 24);
        }
        len = r >> 8 & 0xff;
        inband_packet(ib, MEDIA_OPUS, payload, len, keys);
    }
    inband_free(ib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_heard),
        cmocka_unit_test(what_is_too_short_or_too_soft_is_no_key),
        cmocka_unit_test(speech_is_no_key),
        cmocka_unit_test(a_key_under_noise_is_heard),
        cmocka_unit_test(a_lost_packet_does_not_make_two_keys),
        cmocka_unit_test(broken_opus_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
