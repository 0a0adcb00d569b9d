#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/setting.h"

struct got {
    char text[4096]; /* "NAME=value@line\n" each */
    char *told;
    unsigned errors;
};

static void assign_h(struct slice name, const char *value, unsigned line,
                     void *arg)
{
    struct got *g = arg;
    size_t n = strlen(g->text);

    snprintf(g->text + n, sizeof(g->text) - n, "%.*s=%s@%u\n", (int)name.len,
             name.p, value, line);
}

static void read_text(struct got *g, const char *text, size_t len)
{
    char path[] = "/tmp/jigate-unit-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    struct faults faults = {0};
    size_t n;

    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    memset(g, 0, sizeof(*g));
    faults.out = open_memstream(&g->told, &n);
    envfile_read(path, &faults, assign_h, g);
    fclose(faults.out);
    g->errors = faults.errors;
    unlink(path);
}

static void forms_that_compose_and_systemd_know_are_read(void **state)
{
    static const char text[] = "\xef\xbb\xbf# a comment\n"
                               "\n"
                               "A=1\r\n"
                               "  export B = two words \n"
                               "C='it is $HOME \\n # so'\n"
                               "D=\"a \\\"b\\\" \\\\ \\$X \\n\" # behind\n"
                               "E=\n"
                               "F=a=b#c$X\n"
                               "export\tG=g\n"
                               "   # another\n"
                               "H=last";
    struct got g;

    read_text(&g, text, sizeof(text) - 1);
    assert_string_equal(g.told, "");
    assert_string_equal(g.text, "A=1@3\n"
                                "B=two words@4\n"
                                "C=it is $HOME \\n # so@5\n"
                                "D=a \"b\" \\ $X \\n@6\n"
                                "E=@7\n"
                                "F=a=b#c$X@8\n"
                                "G=g@9\n"
                                "H=last@11\n");
    free(g.told);
}

static void a_bad_line_is_told_with_its_number(void **state)
{
    static const struct {
        const char *text, *told;
    } row[] = {
        {"A=1\nno assignment\n", "line 2: expected = after the name"},
        {"=1\n", "line 1: expected NAME=value"},
        {"1A=1\n", "line 1: expected NAME=value"},
        {"A-B=1\n", "line 1: expected = after the name"},
        {"A='open\n", "line 1: the closing quote is missing"},
        {"A=\"open\\\"\n", "line 1: the closing quote is missing"},
        {"A='x'y\n", "line 1: text after the closing quote"},
        {"A=x # y\n", "line 1: is it a comment"},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct got g;

        read_text(&g, row[i].text, strlen(row[i].text));
        assert_int_equal(g.errors, 1);
        assert_non_null(strstr(g.told, row[i].told));
        free(g.told);
    }
}

static void lines_after_a_bad_one_are_still_read(void **state)
{
    struct got g;

    read_text(&g, "?\nA=1\n", 6);
    assert_int_equal(g.errors, 1);
    assert_string_equal(g.text, "A=1@2\n");
    free(g.told);
}

static void nul_bytes_and_sizes_are_bounded(void **state)
{
    size_t size = 300 * 1024;
    char *big = malloc(size);
    struct got g;

    read_text(&g, "A=x\0y\n", 6);
    assert_int_equal(g.errors, 1);
    assert_string_equal(g.text, "");
    free(g.told);

    memset(big, 'A', size);
    big[1] = '=';
    read_text(&g, big, 10000);
    assert_non_null(strstr(g.told, "line 1: longer than 8192 bytes"));
    free(g.told);
    read_text(&g, big, size);
    assert_non_null(strstr(g.told, "File too large"));
    free(g.told);
    free(big);
}

static void a_missing_file_is_a_fault(void **state)
{
    struct faults f = {0};
    struct got g = {0};
    size_t n;

    f.out = open_memstream(&g.told, &n);
    envfile_read("/nonexistent/jigate.env", &f, assign_h, &g);
    envfile_read("/", &f, assign_h, &g);
    fclose(f.out);
    assert_int_equal(f.errors, 2);
    assert_non_null(strstr(g.told, "/nonexistent/jigate.env: cannot be read"));
    free(g.told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_that_compose_and_systemd_know_are_read),
        cmocka_unit_test(a_bad_line_is_told_with_its_number),
        cmocka_unit_test(lines_after_a_bad_one_are_still_read),
        cmocka_unit_test(nul_bytes_and_sizes_are_bounded),
        cmocka_unit_test(a_missing_file_is_a_fault),
    };

    return cmocka_run_group_tests_name("envfile", tests, NULL, NULL);
}
