#include <string.h>

#include "config/setting.h"

enum { NAME_MAX_COMPARED = 64, DISTANCE_MAX = 3 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Levenshtein's distance, one row of the matrix at a time. */
static size_t distance(struct slice a, const char *b)
{
    size_t row[NAME_MAX_COMPARED + 1];
    size_t n = strlen(b);

    if (n > NAME_MAX_COMPARED)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1,
                          diagonal + (a.p[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[n];
}

const char *setting_nearest(struct slice name)
{
    const char *best = NULL;
    size_t least = DISTANCE_MAX + 1;

    if (name.len > NAME_MAX_COMPARED)
        return NULL;
    for (const struct setting *s = settings; s->name; s++) {
        size_t d = distance(name, s->name);

        if (d < least) {
            least = d;
            best = s->name;
        }
    }
    return best;
}
