#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call/room.h"

static int parse(struct room *r, const char *text)
{
    const char *why = NULL;
    int err = room_parse(r, text, strlen(text), &why);

    assert_non_null(why);
    assert_int_equal(err != 0, why[0] != '\0');
    return err;
}

static void good_rooms(void **state)
{
    static const struct {
        const char *in, *room, *domain;
    } good[] = {
        {"room", "room", ""},
        {"ROOM", "room", ""},
        {"1234", "1234", ""},
        {"a-b_c+d~e!", "a-b_c+d~e!", ""},
        {"ÄRGER", "ärger", ""},
        {"ΑΘΗΝΑΣ", "αθηνας", ""},
        {"会议室", "会议室", ""},
        {"ÉCOLE", "école", ""}, /* marks after a letter: NFC */
        {"नमस्ते", "नमस्ते", ""},
        {"٣٤", "٣٤", ""}, /* digits of other scripts */
        {"room.example.org", "room", "example.org"},
        {"Room.Meet.Example.ORG", "room", "meet.example.org"},
        {"a.b", "a", "b"},
        {"a.1-2.c", "a", "1-2.c"},
    };
    struct room r;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(parse(&r, good[i].in), 0);
        assert_string_equal(r.domain, good[i].domain);
        if (strcmp(good[i].in, "ΑΘΗΝΑΣ")) /* the last sigma is its own */
            assert_string_equal(r.name, good[i].room);
    }
}

static void bad_rooms(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "a b",
        "a,b",
        "a;b",
        "{a}",
        "${x}",
        "$x",
        "a@b",
        "a/b",
        "a\\b",
        "a\"b",
        "a'b",
        "a&b",
        "a=b",
        "a?b",
        "a#b",
        "a*b",
        "a%41",
        "a\tb",
        "a\r\nb",
        "a\x7f",
        "\xff",
        "a\xc3",
        "\xc0\xaf",
        "\xed\xa0\x80",
        "a\xe2\x80\x8b",
        "a\xe2\x80\xae",
        "\xcc\x81x",
        "1\xcc\x81",
        "-\xcc\x81",
        "😀",
        ".",
        ".a",
        "a.",
        "a..b",
        "a.b.",
        "a.-b",
        "a.b-",
        "a.b_c",
        "a.b c",
        "a.ä",
        "a.b/c",
        "a.b:1",
        "a.b@c",
        "(a)",
        "a|b",
        "a`b",
        "[a]",
        "<a>",
        "a^b",
    };
    struct room r;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!parse(&r, bad[i]))
            fail_msg("taken: %s", bad[i]);
        assert_string_equal(r.name, "");
    }
}

static void nul_bytes_are_refused(void **state)
{
    struct room r;
    const char *why;

    assert_int_not_equal(room_parse(&r, "a\0b", 3, &why), 0);
    assert_int_not_equal(room_parse(&r, "a.b\0c", 5, &why), 0);
    assert_int_not_equal(room_parse(&r, "\0", 1, &why), 0);
    assert_int_not_equal(room_parse(&r, NULL, 0, &why), 0);
}

static void a_room_has_128_bytes(void **state)
{
    char text[200];
    struct room r;

    memset(text, 'a', sizeof(text));
    text[128] = '\0';
    assert_int_equal(parse(&r, text), 0);
    text[128] = 'a';
    text[129] = '\0';
    assert_int_not_equal(parse(&r, text), 0);
}

static void lower_case_may_be_longer_and_is_bounded_too(void **state)
{
    char text[129];
    struct room r;

    /* U+023A has two bytes, its lower case U+2C65 three. */
    for (int i = 0; i < 64; i++)
        memcpy(text + 2 * i, "\xc8\xba", 2);
    text[128] = '\0';
    assert_int_not_equal(parse(&r, text), 0);
    text[84] = '\0';
    assert_int_equal(parse(&r, text), 0);
    assert_int_equal(strlen(r.name), 126);
}

static void a_domain_has_253_bytes_and_labels_of_63(void **state)
{
    char text[300] = "a.";
    struct room r;

    for (int i = 0; i < 4; i++) {
        memset(text + 2 + 64 * i, 'b', 63);
        text[2 + 64 * i + 63] = '.';
    }
    text[2 + 253] = '\0';
    assert_int_equal(parse(&r, text), 0);
    text[2 + 253] = 'b';
    text[2 + 254] = '\0';
    assert_int_not_equal(parse(&r, text), 0);
    memset(text + 2, 'b', 64);
    text[2 + 64] = '\0';
    assert_int_not_equal(parse(&r, text), 0);
    text[2 + 63] = '\0';
    assert_int_equal(parse(&r, text), 0);
}

static void headers_of_dialled_rooms(void **state)
{
    struct room_headers h;
    struct room r = {.name = "room"};

    assert_int_equal(room_headers_dialled(&h, &r, ""), 0);
    assert_string_equal(h.room, "room");
    assert_string_equal(h.domain_base, "");
    assert_int_equal(room_headers_dialled(&h, &r, "muc.meet.jitsi"), 0);
    assert_string_equal(h.room, "room@muc.meet.jitsi");
    assert_string_equal(h.domain_base, "");
    memcpy(r.domain, "example.org", 12);
    assert_int_equal(room_headers_dialled(&h, &r, "muc.meet.jitsi"), 0);
    assert_string_equal(h.room, "room");
    assert_string_equal(h.domain_base, "example.org");
    assert_string_equal(h.tenant, "");
}

static void headers_of_mapped_conferences(void **state)
{
    static const struct {
        const char *conference, *muc, *base, *tenant;
    } rows[] = {
        {"r@muc.meet.jitsi", "muc.meet.jitsi", "", ""},
        {"r@muc.acme.meet.jitsi", "muc.meet.jitsi", "meet.jitsi", "acme"},
        {"r@muc.acme.meet.jitsi", "", "meet.jitsi", "acme"},
        {"r@MUC.Acme.Meet.Jitsi", "", "meet.jitsi", "Acme"},
        {"r@conference.acme.meet.jitsi", "conference.meet.jitsi", "meet.jitsi",
         "acme"},
        {"r@conference.acme.meet.jitsi", "muc.meet.jitsi", "", ""},
        {"r@muc.a.b.meet.jitsi", "muc.meet.jitsi", "meet.jitsi", "a.b"},
        {"r@muc.acmemeet.jitsi", "muc.meet.jitsi", "", ""},
        {"r@muc..meet.jitsi", "muc.meet.jitsi", "", ""},
        {"r@muc.other.org", "muc.meet.jitsi", "", ""},
        {"Verbatim Room", "muc.meet.jitsi", "", ""},
    };
    struct room_headers h;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(room_headers_conference(&h, rows[i].conference,
                                                 "meet.jitsi", rows[i].muc),
                         0);
        assert_string_equal(h.room, rows[i].conference);
        assert_string_equal(h.domain_base, rows[i].base);
        assert_string_equal(h.tenant, rows[i].tenant);
    }
}

static void no_domain_no_tenant(void **state)
{
    struct room_headers h;

    assert_int_equal(
        room_headers_conference(&h, "r@muc.acme.meet.jitsi", "", ""), 0);
    assert_string_equal(h.tenant, "");
}

static void conferences_are_bounded(void **state)
{
    struct room_headers h;
    char text[600];

    memset(text, 'a', sizeof(text));
    text[511] = '\0';
    assert_int_equal(room_headers_conference(&h, text, "", ""), 0);
    text[511] = 'a';
    text[512] = '\0';
    assert_int_not_equal(room_headers_conference(&h, text, "", ""), 0);
    assert_int_not_equal(room_headers_conference(&h, "", "", ""), 0);
    memset(text, 'a', 100);
    memcpy(text, "r@muc.", 6);
    memcpy(text + 100, ".meet.jitsi", 12);
    assert_int_not_equal(room_headers_conference(&h, text, "meet.jitsi", ""),
                         0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_rooms),
        cmocka_unit_test(bad_rooms),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(a_room_has_128_bytes),
        cmocka_unit_test(lower_case_may_be_longer_and_is_bounded_too),
        cmocka_unit_test(a_domain_has_253_bytes_and_labels_of_63),
        cmocka_unit_test(headers_of_dialled_rooms),
        cmocka_unit_test(headers_of_mapped_conferences),
        cmocka_unit_test(no_domain_no_tenant),
        cmocka_unit_test(conferences_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
