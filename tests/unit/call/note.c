#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "call/note.h"

static const struct note full = {
    .state = "waiting",
    .meeting_id = "12345678901234567890123456789012",
    .room = {.name = "straße-会议+~!", .domain = "meet.example.org"},
    .password = "4321",
    .flags = 0x7fff,
    .counters = 0x21032,
    .end = "not-started",
    .prompts = {"went-wrong", "goodbye"},
    .age_s = 4000000000u,
    .bridged_s = 7,
    .step_ms = 30000,
    .access_ms = 15000,
    .wait_s = 3600,
    .limit_s = 1,
};

static void what_is_written_is_read(void **state)
{
    char text[ENGINE_NOTE_MAX];
    struct note n;

    assert_int_equal(note_write(&full, text, sizeof(text)), 0);
    for (const char *p = text; *p; p++)
        assert_in_range(*p, '!', '~');
    assert_int_equal(note_read(&n, text), 0);
    assert_string_equal(n.state, full.state);
    assert_string_equal(n.meeting_id, full.meeting_id);
    assert_string_equal(n.room.name, full.room.name);
    assert_string_equal(n.room.domain, full.room.domain);
    assert_string_equal(n.password, full.password);
    assert_int_equal(n.flags, full.flags);
    assert_int_equal(n.counters, full.counters);
    assert_int_equal(n.age_s, full.age_s);
    assert_string_equal(n.end, full.end);
    assert_string_equal(n.prompts[0], full.prompts[0]);
    assert_string_equal(n.prompts[1], full.prompts[1]);
    assert_int_equal(n.bridged_s, full.bridged_s);
    assert_int_equal(n.step_ms, full.step_ms);
    assert_int_equal(n.access_ms, full.access_ms);
    assert_int_equal(n.wait_s, full.wait_s);
    assert_int_equal(n.limit_s, full.limit_s);
}

static void an_empty_note_is_a_note(void **state)
{
    char text[ENGINE_NOTE_MAX];
    struct note n, empty = {.state = ""};

    assert_int_equal(note_write(&empty, text, sizeof(text)), 0);
    assert_int_equal(note_read(&n, text), 0);
    assert_memory_equal(&n, &empty, sizeof(n));
}

static void the_longest_note_fits(void **state)
{
    char text[ENGINE_NOTE_MAX];
    struct note n = full, back;

    memset(&n.room, 0, sizeof(n.room));
    for (int i = 0; i < ROOM_NAME_MAX / 2; i++)
        memcpy(n.room.name + 2 * i, "ä", 2);
    memset(n.room.domain, 'b', ROOM_DOMAIN_MAX);
    for (int i = 63; i < ROOM_DOMAIN_MAX; i += 64)
        n.room.domain[i] = '.';
    n.room.domain[ROOM_DOMAIN_MAX] = '\0';
    memcpy(n.password, n.meeting_id, sizeof(n.password));
    n.flags = n.counters = n.step_ms = n.wait_s = n.limit_s = UINT32_MAX;
    n.bridged_s = n.access_ms = UINT32_MAX;
    for (int i = 0; i < NOTE_NAME_SIZE - 1; i++)
        n.end[i] = n.prompts[0][i] = n.prompts[1][i] = 'p';
    assert_int_equal(note_write(&n, text, sizeof(text)), 0);
    assert_int_equal(note_read(&back, text), 0);
    assert_string_equal(back.room.domain, n.room.domain);
}

static void too_small_a_buffer_is_told(void **state)
{
    char text[64];

    assert_int_equal(note_write(&full, text, sizeof(text)), EOVERFLOW);
    assert_string_equal(text, "");
}

static void every_cut_is_refused(void **state)
{
    char text[ENGINE_NOTE_MAX];
    struct note n;
    size_t len;

    assert_int_equal(note_write(&full, text, sizeof(text)), 0);
    len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char cut[ENGINE_NOTE_MAX];

        memcpy(cut, text, i);
        cut[i] = '\0';
        assert_int_equal(note_read(&n, cut), EINVAL);
        assert_string_equal(n.state, "");
    }
}

static void foreign_values_are_refused(void **state)
{
    static const char *const fmt =
        "v=%s&s=%s&i=%s&r=%s&d=%s&p=%s&f=%s&c=0&e=completed&m=ended&n=&a=0&b=0"
        "&t=0&x=0&w=0&l=0";
    static const struct {
        const char *v, *s, *i, *r, *d, *p, *f;
        int err;
    } rows[] = {
        {"1", "meeting", "12", "room", "", "", "0", 0},
        {"2", "meeting", "12", "room", "", "", "0", EINVAL},
        {"1", "mee ting", "12", "room", "", "", "0", EINVAL},
        {"1", "${x}", "12", "room", "", "", "0", EINVAL},
        {"1", "abcdefghijklmnop", "12", "room", "", "", "0", EINVAL},
        {"1", "meeting", "12a", "room", "", "", "0", EINVAL},
        {"1", "meeting", "12", "a%0D%0Ab", "", "", "0", EINVAL},
        {"1", "meeting", "12", "a%00", "", "", "0", EINVAL},
        {"1", "meeting", "12", "a%4", "", "", "0", EINVAL},
        {"1", "meeting", "12", "a%zz", "", "", "0", EINVAL},
        {"1", "meeting", "12", "%FF", "", "", "0", EINVAL},
        {"1", "meeting", "12", "a.b", "c", "", "0", 0}, /* parsed again */
        {"1", "meeting", "12", "", "c", "", "0", EINVAL},
        {"1", "meeting", "12", "room", "-c", "", "0", EINVAL},
        {"1", "meeting", "12", "room", "", "x", "0", EINVAL},
        {"1", "meeting", "12", "room", "", "", "-1", EINVAL},
        {"1", "meeting", "12", "room", "", "", "4294967296", EINVAL},
        {"1", "meeting", "12", "room", "", "", "", EINVAL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        struct note n;

        snprintf(text, sizeof(text), fmt, rows[i].v, rows[i].s, rows[i].i,
                 rows[i].r, rows[i].d, rows[i].p, rows[i].f);
        assert_int_equal(note_read(&n, text), rows[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(an_empty_note_is_a_note),
        cmocka_unit_test(the_longest_note_fits),
        cmocka_unit_test(too_small_a_buffer_is_told),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(foreign_values_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
