#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/slice.h"
#include "base/utf8.h"

static void numbers_are_whole_and_bounded(void **state)
{
    static const struct {
        const char *text;
        int err;
    } row[] = {
        {"0", 0},       {"65535", 0},     {"65536", ERANGE},
        {"", EINVAL},   {"-1", EINVAL},   {"+1", EINVAL},
        {"1 ", EINVAL}, {"0x10", EINVAL}, {"18446744073709551616", ERANGE},
        {"007", 0},     {"1e3", EINVAL},
    };
    uint64_t v;

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
        assert_int_equal(slice_to_u64(slice_of(row[i].text), 0, 65535, &v),
                         row[i].err);
}

static void copies_never_overrun(void **state)
{
    char buf[4];

    assert_int_equal(slice_copy(slice_of("abc"), buf, sizeof(buf)), 0);
    assert_string_equal(buf, "abc");
    assert_int_equal(slice_copy(slice_of("abcd"), buf, sizeof(buf)),
                     EOVERFLOW);
    assert_string_equal(buf, "");
    assert_int_equal(slice_copy((struct slice){"a\0b", 3}, buf, sizeof(buf)),
                     EOVERFLOW);
}

static void broken_utf8_is_refused(void **state)
{
    static const char *const bad[] = {
        "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",     "\x80",
        "\xff",     "\xe2\x82",     "\xf8\x88\x80\x80\x80",
    };
    uint32_t cp;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &cp), 0);
    assert_int_equal(utf8_decode("\xf0\x9f\x98\x80", 4, &cp), 4);
    assert_int_equal(cp, 0x1f600);
}

static void outside_text_cannot_forge_a_log_line(void **state)
{
    struct log *log;
    char line[LOG_LINE_MAX];
    int fd[2];
    ssize_t n;

    assert_int_equal(pipe(fd), 0);
    assert_int_equal(log_alloc(&log, fd[1], LOG_INFO), 0);
    log_line(log, LOG_INFO, "c1", "room=%s", "a\r\n2026 error call=x \xff\\");
    log_line(log, LOG_DEBUG, "c1", "not written");
    n = read(fd[0], line, sizeof(line) - 1);
    assert_true(n > 0);
    line[n] = '\0';
    assert_non_null(strstr(line, "info  call=c1 room=a\\x0d\\x0a2026 error "
                                 "call=x \\xff\\\\\n"));
    log_free(log);
    close(fd[0]);
    close(fd[1]);
}

static void outside_text_cannot_feign_fields(void **state)
{
    char long_text[2 * LOG_QUOTED_MAX];
    struct log_quoted q = log_quoted(slice_of("x\" address=\"1"));

    assert_string_equal(q.text, "\"x' address='1\"");
    assert_string_equal(log_quoted(slice_of("")).text, "\"\"");
    memset(long_text, '"', sizeof(long_text));
    q = log_quoted((struct slice){long_text, sizeof(long_text)});
    assert_int_equal(strlen(q.text), LOG_QUOTED_MAX - 1);
    assert_int_equal(strspn(q.text + 1, "'"), LOG_QUOTED_MAX - 3);
    assert_string_equal(q.text + LOG_QUOTED_MAX - 2, "\"");
}

static void clean_text_keeps_letters_only_whole(void **state)
{
    char out[8];

    assert_int_equal(utf8_clean("a\xe2\x80\xae\r\nZo\xc3\xab", 10, out, 8), 5);
    assert_string_equal(out, "aZo\xc3\xab");
    assert_int_equal(utf8_clean("123456\xc3\xab", 8, out, 8), 6);
    assert_string_equal(out, "123456");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_whole_and_bounded),
        cmocka_unit_test(copies_never_overrun),
        cmocka_unit_test(broken_utf8_is_refused),
        cmocka_unit_test(outside_text_cannot_forge_a_log_line),
        cmocka_unit_test(outside_text_cannot_feign_fields),
        cmocka_unit_test(clean_text_keeps_letters_only_whole),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
