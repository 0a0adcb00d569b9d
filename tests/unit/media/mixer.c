#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/mixer.h"
#include "signal.h"

enum { RATE = 8000, FRAME = 160, FRAMES = 50 };

/* A meeting's tone of 300 Hz, and a prompt of 900 Hz in frames [10, 30). */
static void mixed(int16_t *out, double meeting, double prompt, bool duck,
                  bool muted)
{
    struct mixer m;

    mixer_begin(&m);
    for (size_t f = 0; f < FRAMES; f++) {
        int16_t said[FRAME];
        bool plays = f >= 10 && f < 30;

        signal_sine(out + f * FRAME, FRAME, f * FRAME, RATE, 300, meeting);
        signal_sine(said, FRAME, f * FRAME, RATE, 900, prompt);
        mixer_run(&m, out + f * FRAME, FRAME, plays ? said : NULL, FRAME, RATE,
                  duck, muted);
    }
}

static double rms(const int16_t *x, size_t frame)
{
    return signal_rms(x + frame * FRAME, FRAME);
}

static void a_prompt_takes_the_place_of_the_meeting(void **state)
{
    int16_t x[FRAME * FRAMES];

    mixed(x, 8000, 0, false, false);
    assert_in_range(rms(x, 5), 5500, 5800);
    assert_in_range(rms(x, 15), 0, 1);
    assert_in_range(rms(x, 40), 5500, 5800);
}

static void or_is_heard_over_it_15_db_lower(void **state)
{
    int16_t x[FRAME * FRAMES];

    mixed(x, 8000, 0, true, false);
    assert_in_range(rms(x, 5), 5500, 5800);
    assert_in_range(rms(x, 15), 970, 1040); /* 5657 * 0.178 */
    assert_in_range(rms(x, 40), 5500, 5800);
}

static void nothing_clicks(void **state)
{
    int16_t x[FRAME * FRAMES];

    for (int duck = 0; duck < 2; duck++)
        for (int prompt = 0; prompt < 2; prompt++) {
            int most;

            mixed(x, 8000, prompt ? 6000 : 0, duck, false);
            /* 8000 at 300 Hz: 1880 a sample; 6000 at 900 Hz: 4200 */
            most = prompt ? 1880 + 4200 : 1880 + 60;
            assert_true(signal_step(x, FRAME * FRAMES) <= most);
        }
}

/* A prompt that is cut off at its loudest dies away. */
static void a_prompt_that_is_stopped_does_not_crack(void **state)
{
    struct mixer m;
    int16_t x[2 * FRAME] = {0}, loud[FRAME];

    for (size_t i = 0; i < FRAME; i++)
        loud[i] = (int16_t)(20000 * i / FRAME);
    mixer_begin(&m);
    mixer_run(&m, x, FRAME, loud, FRAME, RATE, false, false);
    mixer_run(&m, x + FRAME, FRAME, NULL, 0, RATE, false, false);
    assert_true(signal_step(x, 2 * FRAME) < 600);
    assert_int_equal(x[FRAME + 50], 0);
}

static void nothing_clips(void **state)
{
    int16_t x[FRAME * FRAMES];

    mixed(x, 32000, 32000, true, false);
    for (size_t i = 0; i < FRAME * FRAMES; i++)
        assert_in_range(abs(x[i]), 0, 32766);
    /* a louder input stays louder: the limiter bends, it does not cut */
    mixed(x, 0, 30000, true, false);
    assert_true(rms(x, 20) > 17000);
}

static void mute_is_a_ramp_too(void **state)
{
    struct mixer m;
    int16_t x[4 * FRAME];

    mixer_begin(&m);
    for (size_t f = 0; f < 4; f++) {
        signal_sine(x + f * FRAME, FRAME, f * FRAME, RATE, 300, 8000);
        mixer_run(&m, x + f * FRAME, FRAME, NULL, 0, RATE, false,
                  f == 1 || f == 2);
    }
    assert_true(signal_step(x, 4 * FRAME) <= 1940);
    assert_int_equal(rms(x, 2), 0);
    assert_true(rms(x, 3) > 2000);
}

/* Where nothing plays, not a bit is changed. */
static void untouched_where_there_is_nothing_to_do(void **state)
{
    struct mixer m;
    int16_t x[FRAME], y[FRAME];

    mixer_begin(&m);
    signal_sine(x, FRAME, 0, RATE, 300, 32767);
    memcpy(y, x, sizeof(x));
    mixer_run(&m, x, FRAME, NULL, 0, RATE, true, false);
    assert_memory_equal(x, y, sizeof(x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prompt_takes_the_place_of_the_meeting),
        cmocka_unit_test(or_is_heard_over_it_15_db_lower),
        cmocka_unit_test(nothing_clicks),
        cmocka_unit_test(a_prompt_that_is_stopped_does_not_crack),
        cmocka_unit_test(nothing_clips),
        cmocka_unit_test(mute_is_a_ramp_too),
        cmocka_unit_test(untouched_where_there_is_nothing_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
