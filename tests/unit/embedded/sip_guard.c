#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/address.h"
#include "engine/embedded/sip_guard.h"

enum {
    P = SIP_GUARD_PASS,
    D = SIP_GUARD_DROP,
    S = SIP_GUARD_SILENT,
    B = SIP_GUARD_BANNED,
    SECOND = 1000,
    MINUTE = 60 * SECOND,
};

static const struct sip_guard_config config = {
    .sources = 64,
    .message_max = 1000,
    .rate = 2,
    .burst = 4,
    .overrun_ban = 10,
    .failures = 3,
    .failures_ban = 8,
    .quiet_ms = MINUTE,
    .ban_ms = 10 * MINUTE,
    .ban_max_ms = 60 * MINUTE,
    .hold_ms = 120 * MINUTE,
};

static int setup(void **state)
{
    return sip_guard_alloc((struct sip_guard **)state, &config);
}

static int teardown(void **state)
{
    sip_guard_free(*state);
    return 0;
}

static const struct sockaddr *address(const char *text)
{
    static struct sockaddr_storage sa;

    assert_int_equal(address_read(&sa, text, 5060), 0);
    return (const struct sockaddr *)&sa;
}

static enum sip_guard_verdict admit(struct sip_guard *g, const char *from,
                                    uint64_t now)
{
    return sip_guard_admit(g, address(from), slice_of("phone/1"), 500, now,
                           NULL);
}

static enum sip_guard_verdict challenge(struct sip_guard *g, const char *from,
                                        const char *branch, uint64_t now)
{
    return sip_guard_challenge(g, address(from), slice_of(branch), now);
}

static enum sip_guard_verdict failed(struct sip_guard *g, const char *from,
                                     uint64_t now)
{
    return sip_guard_failed(g, address(from), now);
}

static void a_flood_is_limited_then_banned(void **state)
{
    struct sip_guard *g = *state;
    const char *why;

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(admit(g, "192.0.2.1", 0), P);
    assert_int_equal(admit(g, "192.0.2.1", 0), S);
    assert_int_equal(admit(g, "192.0.2.1", 499), D);
    assert_int_equal(admit(g, "192.0.2.1", 500), P);
    assert_int_equal(admit(g, "192.0.2.2", 500), P); /* not its neighbour */
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(admit(g, "192.0.2.1", 501), D);
    assert_int_equal(
        sip_guard_admit(g, address("192.0.2.1"), slice_of(""), 1, 501, &why),
        B);
    assert_string_equal(why, "flood");
    assert_int_equal(admit(g, "192.0.2.1", 501 + 10 * MINUTE - 1), D);
    assert_int_equal(admit(g, "192.0.2.1", 501 + 10 * MINUTE), P);
}

static void the_rate_holds_in_the_long_run(void **state)
{
    struct sip_guard *g = *state;
    unsigned passed = 0;

    for (uint64_t now = 0; now < 100 * SECOND; now += 480)
        passed += admit(g, "192.0.2.1", now) == SIP_GUARD_PASS;
    assert_in_range(passed, 200, 204);
    /* After a long rest a burst again, not more. */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(admit(g, "192.0.2.1", UINT64_MAX / 2), P);
    assert_int_equal(admit(g, "192.0.2.1", UINT64_MAX / 2), S);
}

static void scanners_and_giants_are_dropped(void **state)
{
    static const struct {
        const char *agent;
        size_t size;
        enum sip_guard_verdict verdict;
        const char *why;
    } row[] = {
        {"Yealink SIP-T46U", 1000, SIP_GUARD_PASS, NULL},
        {"", 10, SIP_GUARD_PASS, NULL},
        {"friendly-scanner", 10, SIP_GUARD_BANNED, "scanner"},
        {"x SIPVicious/0.3", 10, SIP_GUARD_BANNED, "scanner"},
        {"sipcli/v1.8", 10, SIP_GUARD_BANNED, "scanner"},
        {"friendly-scanne", 10, SIP_GUARD_PASS, NULL},
        {"Jitsi", 1001, SIP_GUARD_SILENT, "oversize"},
    };
    struct sip_guard_figures figures;
    struct sip_guard *g = *state;

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        char from[32];
        const char *why;

        snprintf(from, sizeof(from), "192.0.2.%zu", i);
        assert_int_equal(sip_guard_admit(g, address(from),
                                         slice_of(row[i].agent), row[i].size,
                                         0, &why),
                         row[i].verdict);
        if (row[i].why)
            assert_string_equal(why, row[i].why);
        else
            assert_null(why);
        if (row[i].verdict == SIP_GUARD_BANNED)
            assert_int_equal(admit(g, from, 1), D);
    }
    sip_guard_figures(g, &figures);
    assert_int_equal(figures.bans, 3);
    assert_int_equal(figures.dropped, 7);
    assert_int_equal(figures.sources, 7);
}

static void bans_grow_up_to_their_limit(void **state)
{
    static const unsigned minutes[] = {10, 20, 40, 60, 60};
    struct sip_guard *g = *state;
    uint64_t now = 5;

    for (size_t i = 0; i < sizeof(minutes) / sizeof(*minutes); i++) {
        uint64_t ms = (uint64_t)minutes[i] * MINUTE;

        assert_int_equal(sip_guard_admit(g, address("192.0.2.1"),
                                         slice_of("sipcli"), 1, now, NULL),
                         B);
        assert_int_equal(admit(g, "192.0.2.1", now + ms - 1), D);
        now += ms;
        assert_int_equal(admit(g, "192.0.2.1", now), P);
    }
}

static void one_challenge_then_nothing(void **state)
{
    struct sip_guard *g = *state;
    uint64_t now = 7;

    assert_int_equal(challenge(g, "192.0.2.1", "z9hG4bK1", now), P);
    assert_int_equal(challenge(g, "192.0.2.1", "z9hG4bK1", now + 500), P);
    assert_int_equal(challenge(g, "192.0.2.1", "z9hG4bK2", now + 500), S);
    assert_int_equal(challenge(g, "192.0.2.1", "z9hG4bK3", now + 500), D);
    assert_int_equal(challenge(g, "192.0.2.2", "z9hG4bK3", now + 500), P);
    assert_int_equal(challenge(g, "192.0.2.1", "", now + MINUTE - 1), D);
    now += MINUTE;
    assert_int_equal(challenge(g, "192.0.2.1", "z9hG4bK4", now), P);
    assert_int_equal(challenge(g, "192.0.2.1", "x", now + 2 * MINUTE - 1), S);
    now += 2 * MINUTE;
    assert_int_equal(challenge(g, "192.0.2.1", "x", now), P);
    /* The quiet grows to an hour, not further. */
    for (size_t i = 0; i < 20; i++) {
        now += 60 * MINUTE;
        assert_int_equal(challenge(g, "192.0.2.1", "y", now), P);
    }
    assert_int_equal(challenge(g, "192.0.2.1", "z", now + 60 * MINUTE - 1), S);
}

static void a_request_sent_again_is_challenged_so_often(void **state)
{
    struct sip_guard *g = *state;

    for (size_t i = 0; i < 11; i++)
        assert_int_equal(challenge(g, "192.0.2.1", "z9hG4bK1", i), P);
    assert_int_equal(challenge(g, "192.0.2.1", "z9hG4bK1", 12), S);
    assert_int_equal(challenge(g, "192.0.2.2", "z9hG4bK1", 0), P);
    assert_int_equal(challenge(g, "192.0.2.2", "z9hG4bK1", 32 * SECOND), S);
    assert_int_equal(challenge(g, "192.0.2.3", "", 0), P); /* no branch */
    assert_int_equal(challenge(g, "192.0.2.3", "", 0), S);
}

static void wrong_credentials_get_three_answers_a_minute(void **state)
{
    struct sip_guard *g = *state;

    for (uint64_t minute = 0; minute < 2; minute++) {
        uint64_t now = minute * MINUTE;

        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(admit(g, "192.0.2.1", now + i * SECOND), P);
            assert_int_equal(failed(g, "192.0.2.1", now + i * SECOND), P);
        }
        if (minute)
            break;
        assert_int_equal(failed(g, "192.0.2.1", now + 3 * SECOND), S);
        assert_int_equal(admit(g, "192.0.2.1", now + MINUTE - 1), D);
    }
    assert_int_equal(failed(g, "192.0.2.1", MINUTE + 4 * SECOND), B);
    assert_int_equal(admit(g, "192.0.2.1", 3 * MINUTE), D);
}

static void what_follows_a_ban_or_silence_has_no_words(void **state)
{
    struct sip_guard *g = *state;
    const char *why = "";

    for (size_t i = 0; i < 4; i++)
        failed(g, "192.0.2.1", 0);
    assert_int_equal(
        sip_guard_admit(g, address("192.0.2.1"), slice_of(""), 1, 1, &why), D);
    assert_null(why);
    assert_int_equal(sip_guard_admit(g, address("192.0.2.2"),
                                     slice_of("sipcli"), 1, 1, &why),
                     B);
    assert_string_equal(why, "scanner");
    assert_int_equal(
        sip_guard_admit(g, address("192.0.2.2"), slice_of(""), 1, 2, &why), D);
    assert_null(why);
}

/* Whoever mistyped a password and set it right need not wait. */
static void an_answered_challenge_allows_the_next(void **state)
{
    struct sip_guard *g = *state;

    assert_int_equal(challenge(g, "192.0.2.1", "a", 0), P);
    assert_int_equal(failed(g, "192.0.2.1", 10), P);
    assert_int_equal(challenge(g, "192.0.2.1", "b", 20), P);
    assert_int_equal(challenge(g, "192.0.2.1", "c", 30), S);
    sip_guard_authenticated(g, address("192.0.2.1"), 40);
    assert_int_equal(challenge(g, "192.0.2.1", "d", 50), P);
    assert_int_equal(challenge(g, "192.0.2.1", "e", 50), P);
}

static void an_authenticated_source_is_exempt_for_a_while(void **state)
{
    struct sip_guard *g = *state;
    uint64_t end = 1 + (uint64_t)config.hold_ms;

    sip_guard_authenticated(g, address("192.0.2.1"), 1);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(sip_guard_admit(g, address("192.0.2.1"),
                                         slice_of("sipvicious"), 10, 1, NULL),
                         P);
    assert_int_equal(
        sip_guard_admit(g, address("192.0.2.1"), slice_of(""), 1001, 1, NULL),
        S);
    assert_int_equal(challenge(g, "192.0.2.1", "a", end - 1), P);
    assert_int_equal(challenge(g, "192.0.2.1", "b", end - 1), P);
    assert_int_equal(challenge(g, "192.0.2.1", "c", end), P);
    assert_int_equal(challenge(g, "192.0.2.1", "d", end), S);
}

/* Guessing from behind a phone's address: the phone is heard on, until it
   is clear that somebody guesses. */
static void guessing_ends_the_exemption(void **state)
{
    struct sip_guard *g = *state;

    sip_guard_authenticated(g, address("192.0.2.1"), 0);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(failed(g, "192.0.2.1", 1), i < 3    ? P
                                                    : i == 3 ? S
                                                             : D);
        assert_int_equal(admit(g, "192.0.2.1", 1), P);
    }
    assert_int_equal(failed(g, "192.0.2.1", 1), D);
    assert_int_equal(admit(g, "192.0.2.1", 1), D);
    assert_int_equal(admit(g, "192.0.2.1", MINUTE), P);
    assert_int_equal(failed(g, "192.0.2.1", MINUTE), B);
}

static void sources_are_addresses_or_their_v6_networks(void **state)
{
    static const struct {
        const char *one;
        const char *other;
        bool same;
    } row[] = {
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
        {"2001:db8:0:2::1", "2001:db8:0:3::1", false},
        {"::1", "::ffff:192.0.2.9", false},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sip_guard *g;

        assert_int_equal(sip_guard_alloc(&g, &config), 0);
        assert_int_equal(challenge(g, row[i].one, "a", 0), P);
        assert_int_equal(challenge(g, row[i].other, "b", 0),
                         row[i].same ? S : P);
        sip_guard_free(g);
    }
}

static void other_families_are_dropped(void **state)
{
    struct sockaddr other = {.sa_family = AF_UNIX};

    assert_int_equal(sip_guard_admit(*state, &other, slice_of(""), 1, 0, NULL),
                     D);
    assert_int_equal(sip_guard_challenge(*state, &other, slice_of(""), 0), D);
    assert_int_equal(sip_guard_failed(*state, &other, 0), D);
    sip_guard_authenticated(*state, &other, 0);
}

static void number(char out[32], unsigned i)
{
    snprintf(out, 32, "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
}

/* A hundred thousand forged sources push out neither who is banned nor who
   authenticated, and the table stays as large as it was made. */
static void a_storm_of_sources_forgets_the_right_ones(void **state)
{
    struct sip_guard_figures figures;
    struct sip_guard *g = *state;

    assert_int_equal(sip_guard_admit(g, address("192.0.2.1"),
                                     slice_of("sipvicious"), 1, 0, NULL),
                     B);
    sip_guard_authenticated(g, address("192.0.2.2"), 0);
    for (unsigned i = 0; i < 100000; i++) {
        char from[32];

        number(from, i);
        assert_int_equal(admit(g, from, 1), P);
    }
    sip_guard_figures(g, &figures);
    assert_int_equal(figures.sources, config.sources);
    assert_int_equal(admit(g, "192.0.2.1", 2), D);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(admit(g, "192.0.2.2", 2), P);
}

/* Nor can bans fill the table so that nobody else is counted. */
static void a_storm_of_bans_leaves_room(void **state)
{
    struct sip_guard *g = *state;
    unsigned banned = 0;
    char from[32];

    for (unsigned i = 0; i < 10000; i++) {
        number(from, i);
        assert_int_equal(sip_guard_admit(g, address(from),
                                         slice_of("sipvicious"), 1, 0, NULL),
                         B);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(admit(g, "192.0.2.1", 1), P);
    assert_int_equal(admit(g, "192.0.2.1", 1), S);
    for (unsigned i = 10000; i-- > 10000 - 40;) {
        number(from, i);
        banned += admit(g, from, 1) == SIP_GUARD_DROP;
    }
    assert_int_equal(banned, 40);
}

/* Bans that are over make room before anyone else has to go. */
static void bans_that_are_over_go_first(void **state)
{
    struct sip_guard *g = *state;
    char from[32];

    for (unsigned i = 0; i < 40; i++) {
        number(from, i);
        assert_int_equal(sip_guard_admit(g, address(from),
                                         slice_of("sipvicious"), 1, 0, NULL),
                         B);
    }
    assert_int_equal(challenge(g, "192.0.2.1", "a", 11 * MINUTE), P);
    for (unsigned i = 100; i < 160; i++) {
        number(from, i);
        assert_int_equal(admit(g, from, 11 * MINUTE), P);
    }
    assert_int_equal(challenge(g, "192.0.2.1", "b", 11 * MINUTE), S);
}

static void unfit_limits_are_refused(void **state)
{
    struct sip_guard_config bad;
    struct sip_guard *g;

    bad = config;
    bad.sources = 15;
    assert_int_equal(sip_guard_alloc(&g, &bad), EINVAL);
    bad = config;
    bad.rate = 0;
    assert_int_equal(sip_guard_alloc(&g, &bad), EINVAL);
    bad = config;
    bad.ban_max_ms = 1;
    assert_int_equal(sip_guard_alloc(&g, &bad), EINVAL);
    assert_int_equal(sip_guard_alloc(&g, &sip_guard_defaults), 0);
    sip_guard_free(g);
}

#define WITH_GUARD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GUARD(a_flood_is_limited_then_banned),
        WITH_GUARD(the_rate_holds_in_the_long_run),
        WITH_GUARD(scanners_and_giants_are_dropped),
        WITH_GUARD(bans_grow_up_to_their_limit),
        WITH_GUARD(one_challenge_then_nothing),
        WITH_GUARD(a_request_sent_again_is_challenged_so_often),
        WITH_GUARD(wrong_credentials_get_three_answers_a_minute),
        WITH_GUARD(what_follows_a_ban_or_silence_has_no_words),
        WITH_GUARD(an_answered_challenge_allows_the_next),
        WITH_GUARD(an_authenticated_source_is_exempt_for_a_while),
        WITH_GUARD(guessing_ends_the_exemption),
        cmocka_unit_test(sources_are_addresses_or_their_v6_networks),
        WITH_GUARD(other_families_are_dropped),
        WITH_GUARD(a_storm_of_sources_forgets_the_right_ones),
        WITH_GUARD(a_storm_of_bans_leaves_room),
        WITH_GUARD(bans_that_are_over_go_first),
        cmocka_unit_test(unfit_limits_are_refused),
    };

    return cmocka_run_group_tests_name("sip_guard", tests, NULL, NULL);
}
