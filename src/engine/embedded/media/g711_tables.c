#include "engine/embedded/media/g711_tables.h"

#include <spandsp.h>

void g711_tables_init(struct g711_tables *t)
{
    for (int i = 0; i < 256; i++) {
        t->to_pcma[i] = ulaw_to_alaw((uint8_t)i);
        t->to_pcmu[i] = alaw_to_ulaw((uint8_t)i);
    }
}

void g711_convert(uint8_t *bytes, size_t n, const uint8_t table[256])
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = table[bytes[i]];
}

void g711_to_pcmu(uint8_t *out, const int16_t *samples, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = linear_to_ulaw(samples[i]);
}

void g711_to_pcma(uint8_t *out, const int16_t *samples, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = linear_to_alaw(samples[i]);
}

void g711_from_pcmu(int16_t *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ulaw_to_linear(bytes[i]);
}

void g711_from_pcma(int16_t *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = alaw_to_linear(bytes[i]);
}
