/**
 * G.711 by table: conversion between the two laws, and silence.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_G711_TABLES_H
#define ENGINE_EMBEDDED_MEDIA_G711_TABLES_H

#include <stddef.h>
#include <stdint.h>

enum { G711_PCMU_SILENCE = 0xff, G711_PCMA_SILENCE = 0xd5 };

struct g711_tables {
    uint8_t to_pcma[256]; /* from PCMU, G.711 table 3 */
    uint8_t to_pcmu[256]; /* from PCMA, G.711 table 4 */
};

/** Fill in the tables; read-only from then on. */
void g711_tables_init(struct g711_tables *t);

/** Replace each byte by its entry in a table of 256. */
void g711_convert(uint8_t *bytes, size_t n, const uint8_t table[256]);

/** Encode linear samples. */
void g711_to_pcmu(uint8_t *out, const int16_t *samples, size_t n);
void g711_to_pcma(uint8_t *out, const int16_t *samples, size_t n);

/** Decode to linear samples. */
void g711_from_pcmu(int16_t *out, const uint8_t *bytes, size_t n);
void g711_from_pcma(int16_t *out, const uint8_t *bytes, size_t n);

#endif
