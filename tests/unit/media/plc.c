#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/codec/plc.h"
#include "signal.h"

enum { SECOND = 16000 };

static int16_t said[SECOND * 4], heard[SECOND * 4];

static const unsigned rates[] = {8000, 16000};

static void a_steady_voice_goes_on_through_a_loss(void **state)
{
    for (size_t r = 0; r < 2; r++) {
        unsigned rate = rates[r];
        size_t per = rate / 50, n = rate, delay;
        struct plc p;

        plc_begin(&p, rate);
        /* 110 Hz and its harmonics: 9.1 ms, no multiple of a frame */
        for (size_t i = 0; i < n; i++)
            said[i] = 0;
        for (int k = 1; k < 8; k++) {
            signal_sine(heard, n, 0, rate, 110 * k, 6000.0 / k);
            for (size_t i = 0; i < n; i++)
                said[i] = (int16_t)(said[i] + heard[i]);
        }
        for (size_t f = 0; f * per < n; f++) {
            memcpy(heard + f * per, said + f * per, per * sizeof(*said));
            if (f % 10 == 7)
                plc_conceal(&p, heard + f * per, per);
            else
                plc_received(&p, heard + f * per, per);
        }
        assert_true(
            signal_snr(said + 7 * per, heard + 7 * per, per, 1, &delay) > 12);
        assert_true(signal_snr(said, heard, n, 1, &delay) > 18);
        /* nothing cracks where it begins and ends */
        assert_true(signal_step(heard + per, n - per) <
                    signal_step(said + per, n - per) * 3 / 2);
    }
}

static void a_long_loss_dies_away(void **state)
{
    for (size_t r = 0; r < 2; r++) {
        unsigned rate = rates[r];
        size_t ms = rate / 1000;
        struct plc p;

        plc_begin(&p, rate);
        signal_sine(said, rate, 0, rate, 300, 10000);
        plc_received(&p, said, rate);
        plc_conceal(&p, heard, 100 * ms);
        assert_in_range(signal_rms(heard, 10 * ms), 6000, 8000);
        assert_in_range(signal_rms(heard + 30 * ms, 10 * ms), 2000, 5000);
        for (size_t i = (PLC_FADE_MS)*ms; i < 100 * ms; i++)
            assert_int_equal(heard[i], 0);
        assert_true(abs(heard[0] - said[rate - 1]) <
                    signal_step(said, rate) * 3 / 2);
        /* what follows is faded in */
        for (size_t i = 0; i < 20 * ms; i++)
            heard[i] = 10000;
        plc_received(&p, heard, 20 * ms);
        assert_true(heard[0] < 500);
        assert_int_equal(heard[5 * ms], 10000);
        assert_true(signal_step(heard, 20 * ms) < 700);
    }
}

static void silence_stays_silence(void **state)
{
    struct plc p;

    plc_begin(&p, 8000);
    plc_conceal(&p, heard, 160);
    assert_true(signal_rms(heard, 160) == 0);
    memset(said, 0, sizeof(said));
    plc_received(&p, said, 160);
    plc_conceal(&p, heard, 160);
    assert_true(signal_rms(heard, 160) == 0);
}

static void a_frame_is_made_shorter_and_longer_unheard(void **state)
{
    for (size_t r = 0; r < 2; r++) {
        unsigned rate = rates[r];
        size_t per = rate / 50;
        size_t cuts = 0, doublings = 0;

        for (int k = 0; k < 50; k++) {
            int16_t x[480], y[480];
            size_t n;
            int step;

            signal_sine(x, per, (size_t)k * per, rate, 230, 9000);
            step = signal_step(x, per);
            memcpy(y, x, sizeof(x));
            n = plc_shorten(y, per, rate);
            assert_in_range(n, per / 2, per);
            assert_true(signal_step(y, n) <= step * 5 / 4 + 2);
            assert_int_equal(y[0], x[0] + (y[0] - x[0]));
            assert_true(abs(y[0] - x[0]) < step);
            assert_int_equal(y[n - 1], x[per - 1]);
            cuts += n < per;
            memcpy(y, x, sizeof(x));
            n = plc_lengthen(y, per, rate);
            assert_in_range(n, per, per * 3 / 2);
            assert_true(signal_step(y, n) <= step * 5 / 4 + 2);
            assert_int_equal(y[0], x[0]);
            assert_int_equal(y[n - 1], x[per - 1]);
            doublings += n > per;
        }
        assert_int_equal(cuts, 50);
        assert_int_equal(doublings, 50);
    }
}

/* What has no pitch is let be, and so is a frame that is too short. */
static void no_fit_no_change(void **state)
{
    uint32_t random = 5;
    int16_t x[160];

    for (size_t i = 0; i < 160; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (int16_t)(random >> 17) - 16384;
    }
    assert_int_equal(plc_shorten(x, 160, 8000), 160);
    assert_int_equal(plc_lengthen(x, 160, 8000), 160);
    assert_int_equal(plc_shorten(x, 80, 8000), 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_voice_goes_on_through_a_loss),
        cmocka_unit_test(a_long_loss_dies_away),
        cmocka_unit_test(silence_stays_silence),
        cmocka_unit_test(a_frame_is_made_shorter_and_longer_unheard),
        cmocka_unit_test(no_fit_no_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
