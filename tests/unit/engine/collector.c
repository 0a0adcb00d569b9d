#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/collector.h"

enum { INTER = 3000 };

/* A collector, a clock, and what was reported: "[*6]" for a sequence, "!"
   for a first key, "<12#>" for digits with a terminator, "<12 t>" for a
   time-out and "<12 m>" for a full entry. */
struct fixture {
    struct timers *ts;
    struct collector *c;
    uint64_t now;
    char seen[256];
    void (*then)(struct fixture *f); /* called from the next handler */
};

static void report(struct fixture *f, const char *text)
{
    size_t len = strlen(f->seen);
    void (*then)(struct fixture *) = f->then;

    snprintf(f->seen + len, sizeof(f->seen) - len, "%s", text);
    f->then = NULL;
    if (then)
        then(f);
}

static void keys_h(const char *keys, void *arg)
{
    char text[32];

    snprintf(text, sizeof(text), "[%s]", keys);
    report(arg, text);
}

static void digits_h(const char *digits, enum engine_digits_end end,
                     char terminator, void *arg)
{
    static const char *const ends[] = {
        [ENGINE_DIGITS_TERMINATOR] = "",
        [ENGINE_DIGITS_TIMEOUT] = " t",
        [ENGINE_DIGITS_MAX] = " m",
    };
    char mark[2] = {terminator, '\0'};
    char text[64];

    snprintf(text, sizeof(text), "<%s%s%s>", digits, mark, ends[end]);
    report(arg, text);
}

static void first_key_h(void *arg)
{
    report(arg, "!");
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct collector_handlers h = {keys_h, digits_h, first_key_h, f};

    if (!f || timers_alloc(&f->ts, 0))
        return -1;
    *state = f;
    return collector_alloc(&f->c, f->ts, &h);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    collector_free(f->c);
    timers_free(f->ts);
    free(f);
    return 0;
}

/* Keys, 100 ms apart; '.' is a second of silence. */
static void key(struct fixture *f, const char *keys)
{
    for (; *keys; keys++) {
        f->now += *keys == '.' ? 1000 : 100;
        timers_run(f->ts, f->now);
        if (*keys != '.')
            collector_key(f->c, *keys);
    }
}

static void bind(struct fixture *f, const char *list)
{
    static const char *sequences[COLLECTOR_SEQUENCES_MAX];
    static char text[256];
    size_t n = 0;

    snprintf(text, sizeof(text), "%s", list);
    for (char *s = strtok(text, " "); s; s = strtok(NULL, " "))
        sequences[n++] = s;
    assert_int_equal(collector_bind(f->c, sequences, n, INTER), 0);
}

static void sequences_are_matched(void **state)
{
    static const struct {
        const char *bound;
        const char *keyed;
        const char *seen;
    } row[] = {
        {"*6 *9 *1 *0", "*6", "[*6]"},
        {"*6 *9 *1 *0", "*6*9", "[*6][*9]"},
        {"*6 *9 *1 *0", "6", ""},
        {"*6 *9 *1 *0", "*", ""},
        {"*6 *9 *1 *0", "**6", "[*6]"},
        {"*6 *9 *1 *0", "*2*6", "[*6]"},
        {"*6 *9 *1 *0", "*..6", "[*6]"},
        {"*6 *9 *1 *0", "*...6", ""},
        {"*6 *9 *1 *0", "*...6*6", "[*6]"},
        {"1 12 123", "1234", "[123]"},
        {"1 12 1234", "123....", "[12]"},
        {"1 12 1234", "1235", "[12]"},
        {"1 12 1234", "1213", "[12][1]"},
        {"1 12", "1...", "[1]"},
        {"1 12", "1..2", "[12]"},
        {"1 12", "11...", "[1][1]"},
        {"1 12", "112", "[1][12]"},
        {"12 23", "123", "[12]"},
        {"123 23", "1223", "[23]"},
        {"1212 5", "121212", "[1212]"},
        {"112", "1112", "[112]"},
        {"*#", "*#*#", "[*#][*#]"},
        {"ABCD", "abcd", "[ABCD]"},
        {"12345678", "12345678", "[12345678]"},
        {"12345678", "123456712345678", "[12345678]"},
        {"1", "1x?\n 1", "[1][1]"},
        {"", "123", ""},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct fixture *f = *state;

        f->seen[0] = '\0';
        bind(f, row[i].bound);
        key(f, row[i].keyed);
        if (strcmp(f->seen, row[i].seen) != 0)
            fail_msg("row %zu: %s", i, f->seen);
    }
}

static void unfit_sequences_are_refused(void **state)
{
    static const char *const bad[] = {"", "123456789", "1a", "1 2", "+"};
    const char *many[COLLECTOR_SEQUENCES_MAX + 1];
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *list[] = {"1", bad[i]};

        assert_int_equal(collector_bind(f->c, list, 2, INTER), EINVAL);
        key(f, "1");
    }
    for (size_t i = 0; i <= COLLECTOR_SEQUENCES_MAX; i++)
        many[i] = "1";
    assert_int_equal(
        collector_bind(f->c, many, COLLECTOR_SEQUENCES_MAX + 1, INTER),
        EINVAL);
    key(f, "1");
    assert_string_equal(f->seen, "");
    assert_int_equal(collector_bind(f->c, many, COLLECTOR_SEQUENCES_MAX, 0),
                     0);
    key(f, "1");
    assert_string_equal(f->seen, "[1]");
}

static void without_a_time_a_sequence_waits(void **state)
{
    static const char *const list[] = {"1", "12"};
    struct fixture *f = *state;

    assert_int_equal(collector_bind(f->c, list, 2, 0), 0);
    key(f, "1............2");
    assert_string_equal(f->seen, "[12]");
    assert_true(timers_wait(f->ts) == UINT64_MAX);
}

static void start(struct fixture *f, size_t n_prompts, unsigned max,
                  uint32_t first_ms, uint32_t inter_ms)
{
    struct engine_collect ec = {
        .n_prompts = n_prompts,
        .terminators = "#*",
        .max = max,
        .first_ms = first_ms,
        .inter_ms = inter_ms,
    };

    f->seen[0] = '\0';
    assert_int_equal(collector_start(f->c, &ec), 0);
    assert_true(collector_running(f->c));
}

static void collections_end_as_they_should(void **state)
{
    static const struct {
        unsigned max;
        uint32_t first_ms, inter_ms;
        const char *keyed;
        const char *seen;
    } row[] = {
        {32, 5000, 4000, "1234#", "!<1234#>"},
        {32, 5000, 4000, "#", "!<#>"},
        {32, 5000, 4000, "*", "!<*>"},
        {32, 5000, 4000, "12*", "!<12*>"},
        {4, 5000, 4000, "1234", "!<1234 m>"},
        {1, 5000, 4000, "7", "!<7 m>"},
        {32, 5000, 4000, "12....", "!<12 t>"},
        {32, 5000, 4000, "12...3...", "!<12"},
        {32, 5000, 4000, ".....", "< t>"},
        {32, 5000, 4000, "....", ""},
        {32, 0, 4000, "................", ""},
        {32, 5000, 0, "1.............2#", "!<12#>"},
        {32, 5000, 4000, "aD1#", "!<AD1#>"},
        {32, 5000, 4000, "12345678901234567890123456789012",
         "!<12345678901234567890123456789012 m>"},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct fixture *f = *state;

        start(f, 0, row[i].max, row[i].first_ms, row[i].inter_ms);
        key(f, row[i].keyed);
        if (i == 7) { /* still open: each key starts the time anew */
            assert_string_equal(f->seen, "!");
            assert_true(collector_running(f->c));
            continue;
        }
        if (strcmp(f->seen, row[i].seen) != 0)
            fail_msg("row %zu: %s", i, f->seen);
        assert_int_equal(collector_running(f->c), !strchr(row[i].seen, '<'));
        collector_stop(f->c);
        assert_true(timers_wait(f->ts) == UINT64_MAX);
    }
}

static void the_first_time_runs_after_the_prompts(void **state)
{
    struct fixture *f = *state;

    start(f, 2, 32, 5000, 4000);
    key(f, "..........");
    assert_string_equal(f->seen, "");
    collector_prompts_ended(f->c);
    key(f, "....");
    collector_prompts_ended(f->c); /* said twice, counted once */
    assert_string_equal(f->seen, "");
    key(f, ".");
    assert_string_equal(f->seen, "< t>");
    /* A key during the prompts: only the time between keys counts. */
    start(f, 2, 32, 5000, 4000);
    key(f, "1");
    collector_prompts_ended(f->c);
    key(f, "....");
    assert_string_equal(f->seen, "!<1 t>");
    collector_prompts_ended(f->c); /* late */
    assert_true(timers_wait(f->ts) == UINT64_MAX);
}

static void sequences_rest_while_digits_are_collected(void **state)
{
    struct fixture *f = *state;

    bind(f, "*6 1 12");
    key(f, "*");
    start(f, 0, 32, 5000, 4000);
    key(f, "612#");
    assert_string_equal(f->seen, "!<612#>");
    f->seen[0] = '\0';
    key(f, "6*6");
    assert_string_equal(f->seen, "[*6]");
    start(f, 0, 32, 5000, 4000);
    key(f, "5");
    collector_stop(f->c);
    key(f, "....*6");
    assert_string_equal(f->seen, "![*6]");
}

static void a_new_collection_replaces_the_old(void **state)
{
    struct fixture *f = *state;
    struct engine_collect bad = {.max = ENGINE_KEYS_MAX + 1};

    start(f, 0, 32, 5000, 4000);
    key(f, "12");
    start(f, 0, 2, 5000, 4000);
    key(f, "34");
    assert_string_equal(f->seen, "!<34 m>");
    start(f, 0, 2, 5000, 4000);
    assert_int_equal(collector_start(f->c, &bad), EINVAL);
    bad.max = 0;
    assert_int_equal(collector_start(f->c, &bad), EINVAL);
    assert_false(collector_running(f->c));
    key(f, "...........");
    assert_string_equal(f->seen, "");
}

static void free_it(struct fixture *f)
{
    collector_free(f->c);
    f->c = NULL;
}

static void rebind_it(struct fixture *f)
{
    bind(f, "2");
}

static void collect_it(struct fixture *f)
{
    struct engine_collect ec = {.max = 4, .terminators = "#"};

    assert_int_equal(collector_start(f->c, &ec), 0);
}

static void stop_it(struct fixture *f)
{
    collector_stop(f->c);
}

/* A handler may do anything, also while more is to be reported. */
static void handlers_may_change_everything(void **state)
{
    struct fixture *f = *state;

    bind(f, "1 2 122");
    f->then = rebind_it;
    key(f, "123"); /* [1] comes at 3, when 2 still waits */
    assert_string_equal(f->seen, "[1]");
    key(f, "2");
    assert_string_equal(f->seen, "[1][2]");
    f->seen[0] = '\0';
    f->then = collect_it;
    key(f, "234#");
    assert_string_equal(f->seen, "[2]!<34#>");
    start(f, 0, 4, 0, 0);
    f->then = stop_it;
    key(f, "1");
    assert_string_equal(f->seen, "!");
    key(f, "2");
    assert_string_equal(f->seen, "![2]");
    start(f, 0, 4, 0, 0);
    f->then = collect_it; /* from first_key: the key went to the old one */
    key(f, "12#");
    assert_string_equal(f->seen, "!!<2#>");
}

static void it_may_be_freed_in_each_handler(void **state)
{
    static const char *const keyed[] = {"123", "1....", "5", "#", "....."};

    for (size_t i = 0; i < sizeof(keyed) / sizeof(*keyed); i++) {
        struct fixture *f = *state;
        struct collector_handlers h = {keys_h, digits_h, first_key_h, f};

        collector_free(f->c);
        assert_int_equal(collector_alloc(&f->c, f->ts, &h), 0);
        f->then = free_it;
        if (i < 2)
            bind(f, "1 2 122");
        else
            start(f, 0, 4, 5000, 0);
        if (i == 3) { /* in digits, not in first_key */
            f->then = NULL;
            key(f, "5");
            f->then = free_it;
        }
        for (const char *k = keyed[i]; *k && f->c; k++)
            key(f, (char[]){*k, '\0'});
        assert_null(f->c);
        assert_true(timers_wait(f->ts) == UINT64_MAX);
    }
}

#define WITH_COLLECTOR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_COLLECTOR(sequences_are_matched),
        WITH_COLLECTOR(unfit_sequences_are_refused),
        WITH_COLLECTOR(without_a_time_a_sequence_waits),
        WITH_COLLECTOR(collections_end_as_they_should),
        WITH_COLLECTOR(the_first_time_runs_after_the_prompts),
        WITH_COLLECTOR(sequences_rest_while_digits_are_collected),
        WITH_COLLECTOR(a_new_collection_replaces_the_old),
        WITH_COLLECTOR(handlers_may_change_everything),
        WITH_COLLECTOR(it_may_be_freed_in_each_handler),
    };

    return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
