#include "engine/embedded/media/codec/codecs.h"

#include "engine/embedded/media/g711_tables.h"

size_t g711_pcmu_encode(void *e, const int16_t *samples, size_t n,
                        uint8_t *out, size_t size)
{
    if (n > size)
        return 0;
    g711_to_pcmu(out, samples, n);
    return n;
}

size_t g711_pcma_encode(void *e, const int16_t *samples, size_t n,
                        uint8_t *out, size_t size)
{
    if (n > size)
        return 0;
    g711_to_pcma(out, samples, n);
    return n;
}

size_t g711_pcmu_decode(void *d, const uint8_t *payload, size_t len,
                        int16_t *out, size_t max)
{
    if (len > max)
        return 0;
    g711_from_pcmu(out, payload, len);
    return len;
}

size_t g711_pcma_decode(void *d, const uint8_t *payload, size_t len,
                        int16_t *out, size_t max)
{
    if (len > max)
        return 0;
    g711_from_pcma(out, payload, len);
    return len;
}

unsigned g711_units(const uint8_t *payload, size_t len)
{
    return len < UINT16_MAX ? (unsigned)len : 0;
}
