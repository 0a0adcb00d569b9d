#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/freeswitch/esl_event.h"

static struct esl_event open_text(const char *text)
{
    struct esl_event ev;

    esl_event_open(&ev, slice_of(text));
    return ev;
}

static void names_are_known_wherever_they_stand(void **state)
{
    assert_int_equal(open_text("Event-Name: DTMF\nA: b\n\n").name, ESL_DTMF);
    assert_int_equal(open_text("A: b\nEvent-Name: RECV_INFO\n\n").name,
                     ESL_RECV_INFO);
    assert_int_equal(open_text("Event-Name: DTMFX\n\n").name,
                     ESL_EVENT_UNKNOWN);
    assert_int_equal(open_text("").name, ESL_EVENT_UNKNOWN);
    for (int i = 1; i < ESL_EVENT_NAMES; i++)
        assert_true(esl_event_name_text((enum esl_event_name)i)[0]);
}

static void a_header_is_found_by_its_whole_name(void **state)
{
    struct esl_event ev = open_text("X-A: 1\nA: 2\nAA: 3\nLast: 4");
    char text[8];

    assert_true(esl_event_get(&ev, "A", text, sizeof(text)));
    assert_string_equal(text, "2");
    assert_true(esl_event_get(&ev, "Last", text, sizeof(text)));
    assert_string_equal(text, "4");
    assert_false(esl_event_get(&ev, "X", text, sizeof(text)));
    assert_string_equal(text, "");
    assert_true(esl_event_is(&ev, "AA", "3"));
    assert_false(esl_event_is(&ev, "AA", "33"));
    assert_false(esl_event_is(&ev, "B", ""));
}

/* A body may look like headers; it must not be taken for some. */
static void headers_end_where_the_body_begins(void **state)
{
    struct esl_event ev =
        open_text("Event-Name: RECV_INFO\nContent-Length: 15\n\n"
                  "Unique-ID: evil");
    char text[64];

    assert_false(esl_event_get(&ev, "Unique-ID", text, sizeof(text)));
    assert_true(slice_is(esl_event_body(&ev), "Unique-ID: evil"));
}

static void a_body_longer_than_the_event_is_none(void **state)
{
    struct esl_event ev = open_text("Content-Length: 16\n\n0123456789");

    assert_int_equal(esl_event_body(&ev).len, 0);
    ev = open_text("Content-Length: x\n\n0123456789");
    assert_int_equal(esl_event_body(&ev).len, 0);
    ev = open_text("A: b\n\n0123456789");
    assert_int_equal(esl_event_body(&ev).len, 0);
    ev = open_text("Content-Length: 4\n\n0123456789");
    assert_true(slice_is(esl_event_body(&ev), "0123"));
}

static void values_are_decoded_within_bounds(void **state)
{
    char text[8];
    size_t n;

    assert_true(esl_decode(slice_of("a%20%2Fb"), text, sizeof(text), NULL));
    assert_string_equal(text, "a /b");
    assert_true(esl_decode(slice_of("%zz%2"), text, sizeof(text), NULL));
    assert_string_equal(text, "%zz%2");
    assert_true(esl_decode(slice_of("1234567"), text, sizeof(text), NULL));
    assert_false(esl_decode(slice_of("12345678"), text, sizeof(text), NULL));
    assert_string_equal(text, "");
    assert_false(esl_decode(slice_of("a%00b"), text, sizeof(text), NULL));
    assert_true(esl_decode(slice_of("a%00b"), text, sizeof(text), &n));
    assert_int_equal(n, 3);
    assert_memory_equal(text, "a\0b", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known_wherever_they_stand),
        cmocka_unit_test(a_header_is_found_by_its_whole_name),
        cmocka_unit_test(headers_end_where_the_body_begins),
        cmocka_unit_test(a_body_longer_than_the_event_is_none),
        cmocka_unit_test(values_are_decoded_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
