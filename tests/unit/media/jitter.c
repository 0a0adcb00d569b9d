#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/jitter.h"

enum { MS = 1000, TICK = 20 * MS, UNITS = 160, SEEN_MAX = 4096 };

/* A sender of a packet each 20 ms, its payload the packet's number, and a
 * listener who takes 20 ms each tick. */
struct bench {
    struct jitter *j;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    uint32_t number; /* of the next packet */
    uint64_t now;
    uint32_t seen[SEEN_MAX]; /* numbers heard, LOST or NOTHING */
    size_t n;
};

enum { LOST = 1000000, NOTHING = 1000001 };

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_int_equal(jitter_alloc(&b->j, 8000), 0);
    b->seq = 65500; /* wraps soon */
    b->ts = 0xfffff000;
    b->ssrc = 1;
    b->now = 1000000000;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    jitter_free(b->j);
    free(b);
    return 0;
}

static void put_kind(struct bench *b, enum jitter_kind kind, uint32_t number,
                     uint64_t now)
{
    const struct rtp_packet p = {
        .seq = (uint16_t)(b->seq + number),
        .ts = b->ts + number * UNITS,
        .ssrc = b->ssrc,
        .len = sizeof(number),
    };
    const struct jitter_packet in = {
        .kind = kind,
        .units = kind == JITTER_AUDIO ? UNITS : 0,
        .payload = (const uint8_t *)&number,
        .len = sizeof(number),
    };

    jitter_put(b->j, &p, &in, now);
}

static void put(struct bench *b, uint32_t number, uint64_t now)
{
    put_kind(b, JITTER_AUDIO, number, now);
}

/* Hear 20 ms. */
static uint32_t hear(struct bench *b)
{
    struct jitter_frame f;
    uint32_t number = NOTHING;

    switch (jitter_get(b->j, b->now, 0, &f)) {
    case JITTER_FRAME:
        if (f.kind != JITTER_AUDIO)
            return hear(b);
        assert_int_equal(f.units, UNITS);
        memcpy(&number, f.payload, sizeof(number));
        break;
    case JITTER_LOST:
        assert_int_equal(f.units, UNITS);
        number = LOST;
        break;
    case JITTER_NOTHING:
        break;
    }
    assert_true(b->n < SEEN_MAX);
    b->seen[b->n++] = number;
    return number;
}

/* n packets in time, each followed by a tick. */
static void steady(struct bench *b, unsigned n)
{
    while (n--) {
        put(b, b->number++, b->now);
        hear(b);
        b->now += TICK;
    }
}

static size_t count(const struct bench *b, uint32_t what, size_t from)
{
    size_t n = 0;

    for (size_t i = from; i < b->n; i++)
        n += b->seen[i] == what;
    return n;
}

/* Numbers heard from here on go up, by one where none was lost. */
static void in_order(const struct bench *b, size_t from)
{
    uint32_t last = 0;

    for (size_t i = from; i < b->n; i++) {
        if (b->seen[i] >= LOST)
            continue;
        assert_true(!last || b->seen[i] > last);
        last = b->seen[i];
    }
}

static void a_steady_stream_comes_whole_and_soon(void **state)
{
    struct bench *b = *state;
    size_t start;

    steady(b, 200);
    in_order(b, 0);
    start = count(b, NOTHING, 0);
    assert_in_range(start, 1, 3); /* 40 ms to begin with, 3 ticks at most */
    assert_int_equal(count(b, LOST, 0), 0);
    assert_int_equal(b->seen[b->n - 1], b->number - start - 1 + 0);
    assert_true(jitter_target_us(b->j) <= 8 * MS);
}

static void a_lost_packet_is_missed_in_its_place(void **state)
{
    struct bench *b = *state;
    size_t at;

    steady(b, 50);
    at = b->n;
    b->number++;
    b->now += 0;
    hear(b);
    b->now += TICK;
    steady(b, 50);
    in_order(b, at);
    assert_int_equal(count(b, LOST, at), 1);
    assert_int_equal(count(b, NOTHING, at), 0);
    assert_int_equal(jitter_stats(b->j)->lost, 1);
}

static void fec_is_given_with_the_loss_before_it(void **state)
{
    struct bench *b = *state;
    struct jitter_frame f;
    uint32_t number = 0;

    put(b, 0, b->now);
    put(b, 2, b->now + 40 * MS);
    b->now += 60 * MS;
    assert_int_equal(jitter_get(b->j, b->now, 0, &f), JITTER_FRAME);
    assert_int_equal(jitter_get(b->j, b->now, 20000, &f), JITTER_LOST);
    assert_int_equal(f.len, sizeof(number));
    memcpy(&number, f.payload, sizeof(number));
    assert_int_equal(number, 2);
    assert_int_equal(jitter_get(b->j, b->now, 40000, &f), JITTER_FRAME);
}

static void changed_order_and_doubles_are_put_right(void **state)
{
    struct bench *b = *state;
    size_t at;

    steady(b, 50);
    at = b->n;
    for (int i = 0; i < 20; i++) {
        /* two at a time, the later one first, one of them twice */
        put(b, b->number + 1, b->now);
        put(b, b->number, b->now);
        put(b, b->number, b->now);
        b->number += 2;
        hear(b);
        b->now += TICK;
        hear(b);
        b->now += TICK;
    }
    in_order(b, at);
    assert_true(count(b, LOST, at) <= 1);
    assert_int_equal(jitter_stats(b->j)->duplicates, 20);
    assert_int_equal(jitter_stats(b->j)->reordered, 20);
}

/* The packet, of those to come, that arrives first; n: none until now. */
static uint32_t first_arrival(const uint64_t *arrival, uint32_t n,
                              uint64_t now)
{
    uint32_t first = n;

    for (uint32_t i = 0; i < n; i++)
        if (arrival[i] && arrival[i] <= now &&
            (first == n || arrival[i] < arrival[first]))
            first = i;
    return first;
}

/* Delays of 0 to 60 ms, by a generator that is the same everywhere. */
static void jitter_is_taken_up_by_the_delay(void **state)
{
    enum { PACKETS = 600 };
    struct bench *b = *state;
    uint64_t arrival[PACKETS];
    uint32_t random = 7;
    size_t at = 0;

    for (uint32_t i = 0; i < PACKETS; i++) {
        random = random * 1664525 + 1013904223;
        arrival[i] = b->now + (uint64_t)i * TICK + (random >> 8) % (60 * MS);
    }
    for (int tick = 0; tick < PACKETS; tick++) {
        uint32_t i;

        while ((i = first_arrival(arrival, PACKETS, b->now)) < PACKETS) {
            put(b, i, arrival[i]);
            arrival[i] = 0;
        }
        hear(b);
        b->now += TICK;
        if (tick == 200)
            at = b->n;
    }
    in_order(b, at);
    assert_in_range(jitter_target_us(b->j), 50 * MS, 80 * MS);
    assert_in_range(count(b, LOST, at) + count(b, NOTHING, at), 0, 8);
}

static void what_was_only_late_is_heard_whole(void **state)
{
    struct bench *b = *state;
    size_t at;

    steady(b, 100);
    at = b->n;
    /* the network stops for 80 ms, then all of it comes at once */
    for (int i = 0; i < 4; i++) {
        hear(b);
        b->now += TICK;
    }
    for (int i = 0; i < 4; i++)
        put(b, b->number++, b->now);
    steady(b, 100);
    in_order(b, at);
    for (size_t i = at, wanted = 0; i < b->n; i++) {
        if (b->seen[i] >= LOST)
            continue;
        assert_true(!wanted || b->seen[i] == wanted); /* none is left out */
        wanted = b->seen[i] + 1;
    }
    assert_int_equal(jitter_stats(b->j)->lost, 0);
}

static void a_pause_is_no_loss(void **state)
{
    struct bench *b = *state;
    size_t at;

    steady(b, 50);
    put_kind(b, JITTER_NOISE, b->number, b->now);
    at = b->n;
    for (int i = 0; i < 100; i++) { /* 2 s, of which the numbers know naught */
        hear(b);
        b->now += TICK;
    }
    b->ts += 101 * UNITS;
    b->number++;
    steady(b, 50);
    in_order(b, at);
    assert_int_equal(count(b, LOST, at), 0);
    assert_in_range(count(b, NOTHING, at), 98, 103);
    assert_int_equal(jitter_stats(b->j)->resyncs, 0);
}

static void a_key_is_no_loss(void **state)
{
    struct bench *b = *state;
    size_t at;
    uint32_t ts;

    steady(b, 50);
    at = b->n;
    ts = b->ts;
    for (uint32_t i = 0; i < 8; i++) { /* 160 ms with one time stamp */
        b->ts = ts - i * UNITS;
        put_kind(b, JITTER_OTHER, b->number++, b->now);
        hear(b);
        b->now += TICK;
    }
    b->ts = ts;
    steady(b, 50);
    in_order(b, at);
    assert_int_equal(count(b, LOST, at), 0);
    assert_in_range(count(b, NOTHING, at), 6, 10);
}

static void a_stalled_source_is_followed_when_it_comes_back(void **state)
{
    struct bench *b = *state;
    size_t at;

    steady(b, 50);
    at = b->n;
    for (int i = 0; i < 500; i++) { /* 10 s */
        hear(b);
        b->now += TICK;
    }
    assert_in_range(count(b, LOST, at), 1, 6); /* 100 ms are made up */
    at = b->n;
    steady(b, 20); /* its time stamps stood still meanwhile */
    assert_in_range(count(b, NOTHING, at), 0, 3);
    assert_int_equal(b->seen[b->n - 1], b->number - 1 - count(b, NOTHING, at));
}

static void jumps_are_followed(void **state)
{
    struct bench *b = *state;

    static const struct {
        int32_t ts;
        int16_t seq;
        uint32_t ssrc;
    } row[] = {
        {90 * 8000, 0, 0}, {-90 * 8000, 0, 0}, {0, 20000, 0},
        {0, -20000, 0},    {12345678, 77, 1},  {0, 0, 1},
    };

    steady(b, 50);
    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        size_t at = b->n;
        uint32_t heard;

        b->ts += (uint32_t)row[i].ts;
        b->seq = (uint16_t)(b->seq + row[i].seq);
        b->ssrc += row[i].ssrc;
        steady(b, 50);
        heard = b->seen[b->n - 1];
        assert_in_range(b->number - heard, 1, 4);
        assert_true(count(b, LOST, at) + count(b, NOTHING, at) <= 6);
    }
}

static void a_source_that_was_left_does_not_come_back_at_once(void **state)
{
    struct bench *b = *state;
    size_t at;

    steady(b, 50);
    b->ssrc = 2;
    b->seq = 1000;
    steady(b, 10);
    at = b->n;
    for (int i = 0; i < 50; i++) { /* both at once */
        b->ssrc = 1;
        put(b, 500000 + b->number, b->now);
        b->ssrc = 2;
        steady(b, 1);
    }
    in_order(b, at);
    assert_int_equal(count(b, LOST, at) + count(b, NOTHING, at), 0);
}

static void garbage_harms_nothing(void **state)
{
    struct bench *b = *state;
    uint32_t random = 1;

    for (int i = 0; i < 20000; i++) {
        struct jitter_frame f;
        struct rtp_packet p;
        struct jitter_packet in = {.payload = (const uint8_t *)&p};

        random = random * 1664525 + 1013904223;
        p.seq = (uint16_t)(random >> (random % 16));
        p.ts = random * 77;
        p.ssrc = random >> 30;
        in.kind = (enum jitter_kind)(random >> 8) % 3;
        in.units = in.kind == JITTER_AUDIO ? 1 + (random >> 4) % 960 : 0;
        in.len = in.kind == JITTER_AUDIO ? 1 + random % sizeof(p) : 0;
        jitter_put(b->j, &p, &in, b->now);
        b->now += random % 40000;
        jitter_get(b->j, b->now, 0, &f);
    }
    b->seq = 5;
    b->ssrc = 99;
    b->number = 0;
    b->n = 0;
    steady(b, 100);
    assert_in_range(b->seen[b->n - 1], 80, 99);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_steady_stream_comes_whole_and_soon),
        T(a_lost_packet_is_missed_in_its_place),
        T(fec_is_given_with_the_loss_before_it),
        T(changed_order_and_doubles_are_put_right),
        T(jitter_is_taken_up_by_the_delay),
        T(what_was_only_late_is_heard_whole),
        T(a_pause_is_no_loss),
        T(a_key_is_no_loss),
        T(a_stalled_source_is_followed_when_it_comes_back),
        T(jumps_are_followed),
        T(a_source_that_was_left_does_not_come_back_at_once),
        T(garbage_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
