#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/freeswitch/esl_event.h"
#include "engine/freeswitch/esl_parse.h"

/* What a FreeSWITCH 1.10.12 sent while calls went on. */
struct recording {
    char *bytes;
    size_t len;
};

static int load(void **state)
{
    static struct recording r;
    FILE *f = fopen(ESL_RECORDING, "rb");

    if (!f)
        return -1;
    fseek(f, 0, SEEK_END);
    r.len = (size_t)ftell(f);
    rewind(f);
    r.bytes = malloc(r.len);
    if (!r.bytes || fread(r.bytes, 1, r.len, f) != r.len)
        return -1;
    fclose(f);
    *state = &r;
    return 0;
}

static int unload(void **state)
{
    free(((struct recording *)*state)->bytes);
    return 0;
}

static int parse(struct esl_frame *f, const char *text, size_t *used)
{
    return esl_frame_parse(f, text, strlen(text), used);
}

static void a_frame_has_a_head_and_a_body(void **state)
{
    const char text[] = "Content-Type: api/response\nContent-Length: 5\n\n"
                        "abcdefgh";
    struct esl_frame f;
    size_t used;

    assert_int_equal(parse(&f, text, &used), 0);
    assert_int_equal(f.type, ESL_API_RESPONSE);
    assert_true(slice_is(f.body, "abcde"));
    assert_int_equal(used, sizeof(text) - 1 - 3);
}

static void what_is_missing_is_told(void **state)
{
    const char text[] = "Content-Type: x\nContent-Length: 5\n\nabc";
    struct esl_frame f;
    size_t used = 0;

    assert_int_equal(parse(&f, text, &used), EAGAIN);
    assert_int_equal(used, sizeof(text) - 1 + 2);
    assert_int_equal(parse(&f, "Content-Ty", &used), EAGAIN);
    assert_int_equal(used, 11);
}

static void odd_lengths_are_refused(void **state)
{
    static const struct {
        const char *length;
        int err;
    } rows[] = {
        {"-1", EBADMSG},   {"1x", EBADMSG},
        {"", EBADMSG},     {"99999999999999999999999", EMSGSIZE},
        {"0x10", EBADMSG}, {"16777217", EMSGSIZE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[128];
        struct esl_frame f;
        size_t used;

        snprintf(text, sizeof(text), "Content-Type: x\nContent-Length: %s\n\n",
                 rows[i].length);
        assert_int_equal(parse(&f, text, &used), rows[i].err);
    }
}

static void a_head_without_an_end_is_refused(void **state)
{
    char text[ESL_HEAD_MAX + 1];
    struct esl_frame f;
    size_t used;

    memset(text, 'a', sizeof(text));
    assert_int_equal(esl_frame_parse(&f, text, ESL_HEAD_MAX - 1, &used),
                     EAGAIN);
    assert_int_equal(esl_frame_parse(&f, text, sizeof(text), &used), EMSGSIZE);
    assert_int_equal(parse(&f, "no colon\n\n", &used), EBADMSG);
}

static size_t count(const struct recording *r)
{
    size_t n = 0, at = 0, used;
    struct esl_frame f;

    while (at < r->len &&
           !esl_frame_parse(&f, r->bytes + at, r->len - at, &used)) {
        at += used;
        n++;
    }
    assert_int_equal(at, r->len);
    return n;
}

/* The bytes up to each position, as if the rest had not come yet. A copy in
   a block of its own lets the sanitizer see every byte read too many. */
static void a_cut_anywhere_needs_more_and_loses_nothing(void **state)
{
    const struct recording *r = *state;
    size_t frames = count(r), seen = 0, at = 0, limit = 0;

    assert_true(frames > 100);
    while (at < r->len) {
        struct esl_frame f, whole;
        size_t used, length, want;

        assert_int_equal(
            esl_frame_parse(&whole, r->bytes + at, r->len - at, &length), 0);
        /* all positions of small frames, and of 40 large ones */
        for (size_t n = 0; n < length && (length < 2000 || limit < 40); n++) {
            char *part = malloc(n ? n : 1);

            memcpy(part, r->bytes + at, n);
            assert_int_equal(esl_frame_parse(&f, part, n, &want), EAGAIN);
            assert_true(want > n && want <= length);
            free(part);
        }
        limit += length >= 2000;
        assert_int_equal(esl_frame_parse(&f, r->bytes + at, length, &used), 0);
        assert_int_equal(used, length);
        assert_int_equal(f.type, whole.type);
        assert_int_equal(f.body.len, whole.body.len);
        at += length;
        seen++;
    }
    assert_int_equal(seen, frames);
}

static void every_recorded_event_has_a_name_and_a_number(void **state)
{
    const struct recording *r = *state;
    size_t seen[ESL_EVENT_NAMES] = {0}, at = 0, used;
    struct esl_frame f;

    while (at < r->len) {
        struct esl_event ev;
        char text[64];

        assert_int_equal(
            esl_frame_parse(&f, r->bytes + at, r->len - at, &used), 0);
        at += used;
        if (f.type != ESL_EVENT_PLAIN)
            continue;
        esl_event_open(&ev, f.body);
        seen[ev.name]++;
        assert_true(esl_event_get(&ev, "Event-Sequence", text, sizeof(text)));
        assert_true(esl_event_get(&ev, "Core-UUID", text, sizeof(text)));
        assert_int_equal(strlen(text), 36);
    }
    assert_int_equal(seen[ESL_EVENT_UNKNOWN], 0);
    assert_true(seen[ESL_CHANNEL_PARK] && seen[ESL_CHANNEL_ANSWER] &&
                seen[ESL_CHANNEL_BRIDGE] && seen[ESL_CHANNEL_HANGUP] &&
                seen[ESL_DTMF] && seen[ESL_RECV_INFO] && seen[ESL_CUSTOM] &&
                seen[ESL_MEDIA_BUG_STOP] && seen[ESL_BACKGROUND_JOB]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_has_a_head_and_a_body),
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(odd_lengths_are_refused),
        cmocka_unit_test(a_head_without_an_end_is_refused),
        cmocka_unit_test(a_cut_anywhere_needs_more_and_loses_nothing),
        cmocka_unit_test(every_recorded_event_has_a_name_and_a_number),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
