#include "directory/template.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_encoded(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (isascii(c) && (isalnum(c) || strchr("-._~", c)))
            fputc(c, out);
        else
            fprintf(out, "%%%02X", c);
    }
}

static int put_all(FILE *out, const char *text, const char *id,
                   const char *caller)
{
    const struct {
        const char *word, *value;
    } places[] = {{"{id}", id}, {"{caller}", caller}};

    while (*text) {
        size_t i = 0;

        if (*text != '{') {
            fputc(*text++, out);
            continue;
        }
        while (i < 2 &&
               strncmp(text, places[i].word, strlen(places[i].word)) != 0)
            i++;
        if (i == 2)
            return EINVAL;
        put_encoded(out, places[i].value);
        text += strlen(places[i].word);
    }
    return 0;
}

int template_expand(char **url, const char *text, const char *id,
                    const char *caller)
{
    char *made = NULL;
    size_t len;
    FILE *out = open_memstream(&made, &len);
    int err;

    if (!out)
        return ENOMEM;
    err = put_all(out, text, id, caller);
    if (ferror(out) && !err)
        err = ENOMEM;
    if (fclose(out) && !err)
        err = ENOMEM;
    if (err)
        free(made);
    else
        *url = made;
    return err;
}
