#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/setting.h"

enum { PASSWORD_MIN = 8 };

/* What installations are shipped with and what scanners try first. Compared
 * without regard to case. Shorter ones fail by their length. */
static const char *const known_passwords[] = {
    "administrator", "asterisk",   "change-me",     "change_me",
    "changeit",      "changeme",   "cluecon",       "default",
    "example",       "freepbx",    "freeswitch",    "freeswitch.meet.jitsi",
    "iloveyou",      "jigasi",     "jigate",        "jitsi",
    "jitsi-meet",    "jitsimeet",  "letmein1",      "letmein",
    "meet.jitsi",    "mypassword", "mysecret",      "passw0rd",
    "password",      "password1",  "password123",   "qwertyui",
    "qwertyuiop",    "replaceme",  "secret",        "secret123",
    "sipsip123",     "telephone",  "test1234",      "topsecret",
    "trustno1",      "user1234",   "your-password", "yourpassword",
};

static bool is_run(const char *p)
{
    bool same = true, up = true, down = true;

    for (; p[0] && p[1]; p++) {
        same = same && p[1] == p[0];
        up = up && (p[1] == p[0] + 1 || (p[0] == '9' && p[1] == '0'));
        down = down && (p[1] == p[0] - 1 || (p[0] == '0' && p[1] == '9'));
    }
    return same || up || down;
}

const char *secret_weakness(const char *password, const char *user)
{
    if (*user && strcasecmp(password, user) == 0)
        return "the user name is no password";
    for (size_t i = 0; i < sizeof(known_passwords) / sizeof(*known_passwords);
         i++)
        if (strcasecmp(password, known_passwords[i]) == 0)
            return "this one is well known";
    if (strlen(password) < PASSWORD_MIN)
        return "this one has fewer than 8 characters";
    if (is_run(password))
        return "this one is a simple run of characters";
    return NULL;
}

/* Read path into text; returns NULL or what is wrong with the file. */
static const char *read_secret(int dir, const char *path, char *text,
                               size_t size)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return strerror(errno);
    do {
        n = read(fd, text + len, size - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && len < size);
    if (n < 0) {
        const char *wrong = strerror(errno);

        close(fd);
        return wrong;
    }
    close(fd);
    if (len && text[len - 1] == '\n')
        len--;
    if (len >= size)
        return "longer than 4096 bytes";
    text[len] = '\0';
    if (strlen(text) != len)
        return "a NUL byte in it";
    return len ? NULL : "empty";
}

static int take(struct value *v, char *text)
{
    char *copy = strdup(text);

    explicit_bzero(text, SECRET_MAX + 2);
    if (!copy)
        return ENOMEM;
    v->text = copy;
    return 0;
}

static int from_credentials(const struct values *vs, const struct setting *s,
                            char *text, size_t size, struct faults *f)
{
    const char *wrong;
    int dir;

    if (!vs->credentials)
        return ENOENT;
    dir = open(vs->credentials, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return ENOENT;
    if (faccessat(dir, s->name, F_OK, 0)) {
        close(dir);
        return ENOENT;
    }
    wrong = read_secret(dir, s->name, text, size);
    close(dir);
    if (!wrong)
        return 0;
    fault(f, "%s: credential %s/%s cannot be used: %s", s->name,
          vs->credentials, s->name, wrong);
    return EINVAL;
}

int secret_resolve(struct values *vs, const struct setting *s,
                   struct faults *f)
{
    struct value *v = vs->v[s - settings];
    struct value *path = &v[FORM_FILE];
    char text[SECRET_MAX + 2], origin[300];
    const char *wrong;

    if (v[FORM_NAME].text && path->text) {
        fault(f, "%s and %s_FILE %s are both set; keep one of them", s->name,
              s->name, value_origin(vs, path, origin, sizeof(origin)));
        return 0;
    }
    if (path->text) {
        wrong = read_secret(AT_FDCWD, path->text, text, sizeof(text));
        if (!wrong)
            return take(&v[FORM_NAME], text);
        fault(f, "%s_FILE %s: %s cannot be used: %s", s->name,
              value_origin(vs, path, origin, sizeof(origin)), path->text,
              wrong);
        return 0;
    }
    if (from_credentials(vs, s, text, sizeof(text), f))
        return 0;
    if (v[FORM_NAME].text) {
        explicit_bzero(text, sizeof(text));
        fault(f, "%s is set, and is a credential in %s too; keep one of them",
              s->name, vs->credentials);
        return 0;
    }
    return take(&v[FORM_NAME], text);
}
