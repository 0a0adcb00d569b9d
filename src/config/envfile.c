#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "config/setting.h"

enum { FILE_MAX = 256 * 1024, LINE_MAX_BYTES = 8192 };

/* A line under way. Returns of the functions below: NULL, or what is wrong
 * with the line. */
struct line {
    char *p; /* rest, NUL-terminated */
    struct slice name;
    char *value; /* unquoted in place */
};

static char *skip_blanks(char *p)
{
    return p + strspn(p, " \t");
}

static const char *take_name(struct line *l)
{
    size_t n = 0;

    l->p = skip_blanks(l->p);
    if (strncmp(l->p, "export", 6) == 0 && (l->p[6] == ' ' || l->p[6] == '\t'))
        l->p = skip_blanks(l->p + 6);
    while (isascii((unsigned char)l->p[n]) &&
           (isalnum((unsigned char)l->p[n]) || l->p[n] == '_'))
        n++;
    if (!n || isdigit((unsigned char)*l->p))
        return "expected NAME=value";
    l->name = (struct slice){l->p, n};
    l->p = skip_blanks(l->p + n);
    if (*l->p != '=')
        return "expected = after the name";
    l->p = skip_blanks(l->p + 1);
    return NULL;
}

static const char *take_plain(struct line *l)
{
    size_t n = strlen(l->p);

    while (n && isspace((unsigned char)l->p[n - 1]))
        n--;
    l->p[n] = '\0';
    l->value = l->p;
    if (strstr(l->p, " #") || strstr(l->p, "\t#") || *l->p == '#')
        return "is it a comment or a part of the value? Put the comment on a "
               "line of its own, or the value in quotes";
    return NULL;
}

static const char *take_quoted(struct line *l)
{
    char quote = *l->p++;
    char *out = l->value = l->p;

    for (; *l->p != quote; l->p++) {
        if (!*l->p)
            return "the closing quote is missing";
        if (quote == '"' && *l->p == '\\' && l->p[1] &&
            strchr("\\\"$`", l->p[1]))
            l->p++;
        *out++ = *l->p;
    }
    l->p = skip_blanks(l->p + 1);
    *out = '\0';
    return *l->p && *l->p != '#' ? "text after the closing quote" : NULL;
}

static void take_line(char *text, size_t len, unsigned number,
                      const char *path, struct faults *f, envfile_h *h,
                      void *arg)
{
    struct line l = {.p = text};
    const char *wrong = NULL;

    if (len && text[len - 1] == '\r')
        text[--len] = '\0';
    l.p = skip_blanks(text);
    if (!*l.p || *l.p == '#') {
        if (strlen(text) != len)
            fault(f, "%s line %u: a NUL byte in it", path, number);
        return;
    }
    if (strlen(text) != len)
        wrong = "a NUL byte in it";
    else if (len > LINE_MAX_BYTES)
        wrong = "longer than 8192 bytes";
    else
        wrong = take_name(&l);
    if (!wrong)
        wrong = *l.p == '\'' || *l.p == '"' ? take_quoted(&l) : take_plain(&l);
    if (wrong)
        fault(f, "%s line %u: %s", path, number, wrong);
    else
        h(l.name, l.value, number, arg);
}

/* The whole file, one NUL more at its end; NULL with errno set. */
static char *slurp(const char *path, size_t *len)
{
    char *text = malloc(FILE_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    *len = 0;
    if (!text || fd < 0)
        goto fail;
    do {
        *len += (size_t)n;
        n = read(fd, text + *len, FILE_MAX + 1 - *len);
    } while (n > 0);
    if (n < 0)
        goto fail;
    if (*len > FILE_MAX) {
        errno = EFBIG;
        goto fail;
    }
    close(fd);
    text[*len] = '\0';
    return text;
fail:
    if (fd >= 0)
        close(fd);
    free(text);
    return NULL;
}

void envfile_read(const char *path, struct faults *f, envfile_h *h, void *arg)
{
    static const char bom[] = "\xef\xbb\xbf";
    size_t len, n;
    char *text = slurp(path, &len);
    char *p = text;
    unsigned number = 0;

    if (!text) {
        fault(f, "%s: cannot be read: %s", path, strerror(errno));
        return;
    }
    if (strncmp(p, bom, 3) == 0)
        p += 3;
    for (; p < text + len; p += n + 1) {
        char *end = memchr(p, '\n', (size_t)(text + len - p));

        n = end ? (size_t)(end - p) : (size_t)(text + len - p);
        p[n] = '\0';
        take_line(p, n, ++number, path, f, h, arg);
    }
    free(text);
}
