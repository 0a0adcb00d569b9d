#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "engine/embedded/media/telephone_event.h"

enum { MARK = 1, MID = 2, END = 4, OTHER = 8 /* SSRC */ };

/* A packet; flags 0: the row ends. */
struct sent {
    uint8_t event;
    uint32_t ts;
    uint16_t duration;
    unsigned flags;
    uint64_t ms;
};

enum { ROW_MAX = 16 };

static void presses(void **state)
{
    static const struct {
        const char *what;
        const char *keys;
        struct sent sent[ROW_MAX];
    } row[] = {
        {"a whole press",
         "6",
         {{6, 800, 160, MARK, 0},
          {6, 800, 320, MID, 20},
          {6, 800, 480, MID, 40},
          {6, 800, 640, END, 60},
          {6, 800, 640, END, 80},
          {6, 800, 640, END, 100}}},
        {"nothing but one end packet", "*", {{10, 800, 640, END, 60}}},
        {"out of order and doubled",
         "6",
         {{6, 800, 320, MID, 0},
          {6, 800, 160, MID, 1},
          {6, 800, 640, END, 60},
          {6, 800, 480, MID, 61},
          {6, 800, 640, END, 62}}},
        {"the same key twice",
         "11",
         {{1, 800, 640, MARK | END, 60},
          {1, 800, 640, END, 80},
          {1, 2400, 160, MARK, 200},
          {1, 2400, 640, END, 260}}},
        {"the same key twice, every end lost",
         "11",
         {{1, 800, 160, MARK, 0},
          {1, 800, 320, MID, 20},
          {1, 2400, 160, MID, 200}}},
        {"two keys, late end of the first",
         "12",
         {{1, 800, 160, MARK, 0},
          {2, 1600, 160, MARK, 100},
          {1, 800, 640, END, 101},
          {2, 1600, 320, MID, 120},
          {2, 1600, 640, END, 140}}},
        {"a press of 20 s in segments",
         "#",
         {{11, 800, 65000, MARK, 8000},
          {11, 800, 65535, MID, 8192},
          {11, 800 + 65535, 400, MID, 8240},
          {11, 800 + 65535, 65535, MID, 16384},
          {11, 800 + 131070, 400, MID, 16430},
          {11, 800 + 131070, 30000, END, 20130}}},
        {"end of a segment lost",
         "#",
         {{11, 800, 64000, MARK, 8000}, {11, 800 + 65535, 400, MID, 8240}}},
        {"a segment shorter than the longest",
         "5",
         {{5, 800, 4000, MARK, 500},
          {5, 4800, 400, MID, 550},
          {5, 4800, 800, END, 600}}},
        {"time stamps back by much: a new start, a new key",
         "78",
         {{7, 4000000, 640, MARK | END, 0}, {8, 100, 640, MARK | END, 3000}}},
        {"another SSRC, the same time stamp",
         "77",
         {{7, 800, 640, MARK | END, 0},
          {7, 800, 640, MARK | END | OTHER, 100}}},
        {"a phone whose time stamp never moves",
         "99",
         {{9, 800, 640, END, 0},
          {9, 800, 640, END, 20},
          {9, 800, 640, END, 3000}}},
        {"all keys there are",
         "0123456789*#ABCD",
         {{0, 1000, 9, END, 0},
          {1, 2000, 9, END, 0},
          {2, 3000, 9, END, 0},
          {3, 4000, 9, END, 0},
          {4, 5000, 9, END, 0},
          {5, 6000, 9, END, 0},
          {6, 7000, 9, END, 0},
          {7, 8000, 9, END, 0},
          {8, 9000, 9, END, 0},
          {9, 10000, 9, END, 0},
          {10, 11000, 9, END, 0},
          {11, 12000, 9, END, 0},
          {12, 13000, 9, END, 0},
          {13, 14000, 9, END, 0},
          {14, 15000, 9, END, 0},
          {15, 16000, 9, END, 0}}},
        {"flash hook and other events are no keys",
         "",
         {{16, 800, 640, END, 0},
          {36, 900, 640, END, 0},
          {255, 950, 640, END, 0}}},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct telephone_event t = {0};
        char keys[ROW_MAX + 1] = "";
        size_t n = 0;

        print_message("# %s\n", row[i].what);
        for (size_t k = 0; k < ROW_MAX && row[i].sent[k].flags; k++) {
            const struct sent *s = &row[i].sent[k];
            uint8_t payload[4] = {
                (uint8_t)s->event, (s->flags & END) ? 0x8a : 0x0a,
                (uint8_t)(s->duration >> 8), (uint8_t)s->duration};
            char key =
                telephone_event_packet(&t, payload, 4, s->ts, s->flags & OTHER,
                                       s->flags & MARK, s->ms);

            if (key)
                keys[n++] = key;
        }
        assert_string_equal(keys, row[i].keys);
    }
}

static void any_volume_counts(void **state)
{
    for (uint8_t volume = 0; volume < 128; volume++) {
        struct telephone_event t = {0};
        uint8_t payload[4] = {3, volume, 0, 160};

        assert_int_equal(telephone_event_packet(&t, payload, 4, 1, 1, true, 0),
                         '3');
    }
}

static void short_payloads_are_no_keys(void **state)
{
    struct telephone_event t = {0};
    uint8_t payload[4] = {3, 10, 0, 160};

    for (size_t len = 0; len < 4; len++)
        assert_int_equal(
            telephone_event_packet(&t, payload, len, 1, 1, true, 0), 0);
    assert_int_equal(telephone_event_packet(&t, payload, 4, 1, 1, true, 0),
                     '3');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presses),
        cmocka_unit_test(any_volume_counts),
        cmocka_unit_test(short_payloads_are_no_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
